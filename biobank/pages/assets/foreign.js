/** Takes other people's addresses out of the scripts we serve: a page of ours leads and asks nowhere else. */

// Names of vocabularies, compared with a document's own text, and bases for parsing; none is ever fetched.
const NAMES = ["www.w3.org", "json-schema.org", "spec.openapis.org", "example.com"];

export function noForeignAddresses() {
  return {
    name: "no-foreign-addresses",
    renderChunk(code) {
      return code.replace(/https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/g, (address, host) =>
        NAMES.includes(host) ? address : `about:blank#${host}`,
      );
    },
  };
}

// Reads [{zpl, width, height, dpmm}] (mm) from standard input; writes the PNGs of each as base64 in JSON.
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { ready } = await import(pathToFileURL(process.argv[2]).href);
const { api } = await ready;
const shown = [];
for (const { zpl, width, height, dpmm } of JSON.parse(await text(process.stdin))) {
  shown.push(await api.zplToBase64MultipleAsync(zpl, width, height, dpmm));
}
process.stdout.write(JSON.stringify(shown), () => process.exit(0));

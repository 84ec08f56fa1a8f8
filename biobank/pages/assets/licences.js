/** Writes third-party.txt: name, version and licence of every package whose work is in the bundle. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = (name) => join(import.meta.dirname, "node_modules", name);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

// Packages that come without their licence's text: the copyright lines, for the MIT text.
const MIT_HOLDERS = {
  "@tabler/core":
    "Copyright (c) 2018-2026 The Tabler Authors\nCopyright (c) 2018-2026 codecalm.net Paweł Kuna\n" +
    "Copyright (c) 2011-2026 The Bootstrap Authors",
};
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

function texts(name) {
  const files = readdirSync(folder(name)).filter((file) => /^(LICEN[CS]E|NOTICE)/.test(file));
  if (name === "swagger-ui-dist") files.push("swagger-ui-es-bundle.js.LICENSE.txt");
  if (files.length) return files.map((file) => readFileSync(join(folder(name), file), "utf8").trim());
  if (!MIT_HOLDERS[name]) throw new Error(`no licence text for ${name}`);
  return [MIT_HOLDERS[name], MIT];
}

function entry(name) {
  const { version, license } = json(join(folder(name), "package.json"));
  return [`${name} ${version} (${license})`, ...texts(name)].join("\n\n");
}

export function licences() {
  const names = Object.keys(json(join(import.meta.dirname, "package.json")).dependencies);
  return {
    name: "licences",
    generateBundle() {
      const source = names.map(entry).join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
      this.emitFile({ type: "asset", fileName: "third-party.txt", source });
    },
  };
}

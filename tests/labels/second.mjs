/** Second opinions for tests: jsQR reads pictures, bwip-js encodes Data Matrix from codewords. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const packages = createRequire(join(process.argv[2], "package.json"));
const jsQR = packages("jsqr");
const bwip = packages("bwip-js/node");

function read({ width, height, grey }) {
  const pixels = Uint32Array.from(Buffer.from(grey, "base64"), (value) => 0xff000000 + value * 0x010101);
  const bytes = new Uint8ClampedArray(pixels.buffer);
  return jsQR(bytes, width, height, { inversionAttempts: "dontInvert" })?.data ?? null;
}

function encode(codewords) {
  const text = codewords.map((word) => "^" + String(word).padStart(3, "0")).join("");
  return bwip.raw({ bcid: "datamatrix", raw: true, text })[0].pixs.join("");
}

const { pictures, codewords } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({ pictures: pictures.map(read), codewords: codewords.map(encode) }));

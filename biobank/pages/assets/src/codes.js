/** What a code is: the fold of our own ids, their check character, and a new command id. */

const SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const OURS = /^[SCKVRHPX][0-9A-HJKMNP-TV-Z]{9}$/;

/** Text as a scanner sent it -> NFKC, without control characters or an AIM prefix, upper case.
 * @param {string} text @returns {string} */
export function clean(text) {
  return text
    .normalize("NFKC")
    .replace(/\p{Cc}/gu, "")
    .replace(/^\][A-Za-z][0-9A-Za-z]/, "")
    .trim()
    .toUpperCase();
}

/** A code as a person types one of ours: spaces and hyphens dropped, I and L read as 1, O as 0.
 * @param {string} text @returns {string} */
export function fold(text) {
  return clean(text).replace(/[\s-]/g, "").replace(/[IL]/g, "1").replace(/O/g, "0");
}

/** Whether a folded code is shaped like one of ours: kind letter, eight characters, check character.
 * @param {string} code @returns {boolean} */
export function isOurShape(code) {
  return OURS.test(code);
}

/** Whether the last character is the right ISO 7064 MOD 37,36 check character.
 * @param {string} code @returns {boolean} */
export function checks(code) {
  let sum = 18;
  for (const character of code) {
    sum = (((sum || 36) * 2) % 37 + SYMBOLS.indexOf(character)) % 36;
  }
  return sum === 1;
}

/** A code of ours as it is printed, `SM9S 346Q 35`; any other text as it is.
 * @param {string} text @returns {string} */
export function grouped(text) {
  return isOurShape(text) ? text.replace(/^(.{4})(.{4})/, "$1 $2 ") : text;
}

/** @param {string} text @returns {"empty" | "short" | "valid" | "invalid" | "foreign"} */
export function judge(text) {
  const code = fold(text);
  if (!code) return "empty";
  if (isOurShape(code)) return checks(code) ? "valid" : "invalid";
  return code.length < 10 && /^[SCKVRHPX][0-9A-HJKMNP-TV-Z]*$/.test(code) ? "short" : "foreign";
}

/** A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits.
 * @returns {string} */
export function uuid7() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let place = 5; place >= 0; place -= 1) {
    bytes[place] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

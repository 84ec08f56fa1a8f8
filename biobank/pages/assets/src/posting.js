/** Asking the server about a scan, and what is taken for its answer. */
const PATIENCE = 15000; // ms for one answer
const SIGNED_OUT = [401, 403];

/** @param {string} text @returns {Document} */
export const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

/**
 * What came of a request. Only what bears the mark of our server is an answer: a page of a proxy, half a page
 * and silence are none, whatever their status, for then nobody knows whether it counted.
 * @typedef {{came: "told" | "refused" | "signed out" | "broken" | "none", page: Document}} Answer
 */

/** @param {string} address @param {string} key @param {URLSearchParams} body @param {string} mark of a whole answer
 * @param {string} [occurred] when it was scanned: told as how long ago, which no clock of a device makes wrong
 * @returns {Promise<Answer>} */
export async function post(address, key, body, mark, occurred) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const headers = { "Accept": "text/html", "Idempotency-Key": key, "X-CSRF-Token": token };
  const ago = occurred && { "X-Scanned-Ago": String(Math.round((Date.now() - Date.parse(occurred)) / 1000)) };
  try {
    const response = await fetch(address, { method: "POST", body, headers: { ...headers, ...ago }, signal: AbortSignal.timeout(PATIENCE) });
    const page = parsed(await response.text());
    return { came: judged(response, page.querySelector(mark) !== null), page };
  } catch {
    return { came: "none", page: parsed("") };
  }
}

/** @param {Response} response @param {boolean} marked @returns {Answer["came"]} */
function judged(response, marked) {
  if (SIGNED_OUT.includes(response.status)) return "signed out";
  if (response.ok) return marked ? "told" : "none";
  if (!response.headers.has("X-Refusal") || [429, 503].includes(response.status)) return "none";
  return response.status < 500 ? "refused" : "broken";
}

/** @param {Document} answer @returns {string} */
export const outcomeOf = (answer) => answer.querySelector(".scan-result")?.getAttribute("data-outcome") ?? "stop";

/** What scans apply to after an answer; what it does not name stays. @param {Document} answer @param {import("./queue.js").Where} where @returns {import("./queue.js").Where} */
export function after(answer, where) {
  const { mode = where.mode, box = where.box, at = where.at } = /** @type {HTMLElement | null} */ (answer.querySelector(".scan-result"))?.dataset ?? {};
  return { mode, box, at };
}

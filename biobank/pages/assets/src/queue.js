/**
 * The sending of scans: one at a time, in order, each exactly once.
 *
 * A scan keeps its command id through every retry, so the server answers a repeat without acting twice.
 * What is not yet answered is kept for this tab and outlives a reload.
 */
import { uuid7 } from "./codes.js";

const PATIENCE = 15000; // ms for one answer
const BACKOFF = [500, 1000, 2000, 4000, 8000]; // ms
const TRY_AGAIN = [429, 502, 503, 504];

/**
 * What came from the scanner; `answer` is what was chosen at a STOP about it, `undo` the act that UNDO means.
 * @typedef {{code: string, source: string, corrected: boolean, answer?: string, undo?: string}} Heard
 */
/** @typedef {{mode: string, box: string, at?: string, about?: string}} Where what a scan applies to */
/** @typedef {Heard & Partial<Where> & {key: string}} Scan */
/**
 * What the sending asks of the screen, and tells it.
 * @typedef {object} Screen
 * @property {() => boolean} stopped whether STOP is shown: nothing is sent then
 * @property {() => Where} where the mode, the box and the slot that a scan now applies to
 * @property {(answer: Document) => void} answered shows what came of a scan
 * @property {(state: "idle" | "sending" | "offline") => void} say
 * @property {() => void} lost the first try of a scan found no server
 * @property {(waiting: number) => void} counted
 */

export class Queue {
  /** @type {Scan[]} */ #scans;
  #busy = false;
  #action;
  #screen;

  /** @param {string} action where scans are posted @param {Screen} screen */
  constructor(action, screen) {
    this.#action = action;
    this.#screen = screen;
    this.#scans = JSON.parse(sessionStorage.getItem(this.#store) ?? "[]");
  }

  get #store() { return `waiting:${this.#action}`; }

  /** @param {Heard} heard */
  add(heard) {
    this.#scans.push({ key: uuid7(), ...heard });
    this.send();
  }

  /** Everything that waits, which waits no longer. @returns {Scan[]} */
  drop() {
    const dropped = this.#scans.splice(0);
    this.#keep();
    return dropped;
  }

  async send() {
    this.#keep();
    if (this.#busy || this.#screen.stopped() || !this.#scans.length) return;
    this.#busy = true;
    this.#screen.say("sending");
    const scan = this.#scans[0];
    // Where the scan applies is settled when it is first sent: a retry must repeat the same words.
    if (scan.mode === undefined) Object.assign(scan, this.#screen.where());
    this.#keep();
    const answer = await this.#post(scan);
    this.#scans.shift();
    this.#busy = false;
    this.#screen.say("idle");
    this.#screen.answered(answer);
    this.send();
  }

  /** Posts until the server has answered. @param {Scan} scan @returns {Promise<Document>} */
  async #post(scan) {
    const { key, code, mode, box, source, corrected } = scan;
    const body = new URLSearchParams({ scan: code, mode: mode ?? "", box: box ?? "", source, corrected: String(corrected) });
    for (const name of /** @type {const} */ (["at", "about", "answer", "undo"])) {
      const said = scan[name];
      if (said) body.set(name, said);
    }
    for (let turn = 0; ; turn += 1) {
      const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
      const headers = { "Accept": "text/html", "Idempotency-Key": key, "X-CSRF-Token": token };
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        const response = await fetch(this.#action, { method: "POST", body, headers, signal });
        if (!TRY_AGAIN.includes(response.status)) {
          return new DOMParser().parseFromString(await response.text(), "text/html");
        }
      } catch {
        // no connection, or no answer in time: the scan may have counted, so the same key goes again
      }
      if (turn === 0) this.#screen.lost();
      this.#screen.say("offline");
      await new Promise((ready) => setTimeout(ready, BACKOFF[Math.min(turn, BACKOFF.length - 1)]));
    }
  }

  #keep() {
    sessionStorage.setItem(this.#store, JSON.stringify(this.#scans));
    this.#screen.counted(this.#scans.length);
  }
}

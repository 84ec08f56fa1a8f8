/**
 * The sending of scans: one at a time, in order, each exactly once.
 *
 * A scan keeps its command id through every retry, so the server answers a repeat without acting twice.
 * It is written down before anything else happens to it. Where the page can do without the network
 * (away.js), scans are confirmed here meanwhile and handed in late; elsewhere they wait.
 */
import { Away } from "./away.js";
import { uuid7 } from "./codes.js";
import * as kept from "./kept.js";
import { alone, livingTabs, tabName } from "./tabs.js";

const PATIENCE = 15000; // ms for one answer
const BACKOFF = [500, 1000, 2000, 4000, 8000]; // ms
const TRY_AGAIN = [429, 502, 503, 504];
const SIGNED_OUT = [401, 403];

/**
 * What came from the scanner; `answer` is what was chosen at a STOP about it, `undo` the act that UNDO means.
 * @typedef {{code: string, source: string, corrected: boolean, answer?: string, undo?: string}} Heard
 */
/** @typedef {{mode: string, box: string, at?: string, about?: string}} Where what a scan applies to */
/** @typedef {import("./kept.js").Scan} Scan */
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

/** @param {number} turn @returns {number} ms, never the same for two benches */
const backoff = (turn) => BACKOFF[Math.min(turn, BACKOFF.length - 1)] * (0.75 + Math.random() / 2);

/** @param {string} text @returns {Document} */
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

/** @param {string} address @param {string} key @param {URLSearchParams} body @returns {Promise<Response | null>} */
async function post(address, key, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const headers = { "Accept": "text/html", "Idempotency-Key": key, "X-CSRF-Token": token };
  try {
    return await fetch(address, { method: "POST", body, headers, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    return null; // no connection, or no answer in time: it may have counted, so the same key goes again
  }
}

export class Queue {
  /** @type {Scan[]} */ #scans = [];
  #busy = false;
  #offline = false;
  #turn = 0;
  #timer = 0;
  #tab = "";
  #action;
  #screen;
  #away;
  #ready;

  /** @param {string} action where scans are posted @param {Screen} screen */
  constructor(action, screen) {
    this.#action = action;
    this.#screen = screen;
    this.#away = Away.of(action);
    this.#ready = this.#begin();
  }

  /** @param {Heard} heard */
  add(heard) {
    /** @type {Scan} */
    const scan = {
      key: uuid7(), action: this.#action, tab: this.#tab, state: "waiting", ...heard,
      occurred: new Date().toISOString(), skew: this.#away?.skew ?? 0,
      person: this.#away?.person ?? "", station: this.#away?.station ?? "",
    };
    scan.written = this.#ready.then(() => kept.add(Object.assign(scan, { tab: this.#tab })));
    this.#scans.push(scan);
    this.#work();
  }

  /** Everything that waits, which waits no longer. @returns {Scan[]} */
  drop() {
    const dropped = this.#scans.splice(0);
    for (const scan of dropped) kept.end(scan);
    this.#count();
    return dropped;
  }

  /** Tries anew, as when the network came back. */
  send() {
    this.#offline = false;
    this.#work();
  }

  async #work() {
    this.#count();
    if (this.#busy) return;
    this.#busy = true;
    await this.#ready;
    try {
      if (!this.#offline) await this.#flush();
      while (this.#scans.length && !this.#screen.stopped()) await this.#next();
    } finally {
      this.#busy = false;
    }
  }

  async #next() {
    const scan = this.#scans[0];
    await scan.written;
    if (this.#offline) return this.#setAside(scan);
    this.#screen.say("sending");
    // Where the scan applies is settled when it is first sent: a retry must repeat the same words.
    if (scan.mode === undefined) Object.assign(scan, this.#screen.where());
    await kept.put(scan);
    const answer = await this.#post(scan);
    if (!answer) return this.#setAside(scan);
    await kept.end(scan);
    this.#scans.shift();
    this.#count();
    this.#screen.say("idle");
    this.#screen.answered(answer);
    await kept.putFact(`where:${this.#tab}`, this.#screen.where());
    this.#away?.learn(scan, answer, this.#screen.where());
  }

  /** Posts until the server has answered, or once where the page can do without. @param {Scan} scan @returns {Promise<Document | null>} */
  async #post(scan) {
    const body = new URLSearchParams({ scan: scan.code, mode: scan.mode ?? "", box: scan.box ?? "", source: scan.source, corrected: String(scan.corrected) });
    for (const name of /** @type {const} */ (["at", "about", "answer", "undo"])) {
      const said = scan[name];
      if (said) body.set(name, said);
    }
    for (let turn = 0; ; turn += 1) {
      const response = await post(this.#action, scan.key, body);
      if (response && !TRY_AGAIN.includes(response.status)) return parsed(await response.text());
      if (!response && (await this.#away?.ready)) {
        this.#lost();
        return null;
      }
      if (turn === 0) this.#screen.lost();
      this.#screen.say("offline");
      await new Promise((ready) => setTimeout(ready, backoff(turn)));
    }
  }

  // --- without the network ---

  /** Does here what can be done here, and keeps what the server must hear of. @param {Scan} scan */
  async #setAside(scan) {
    const where = scan.mode === undefined ? this.#screen.where() : { mode: scan.mode, box: scan.box ?? "", at: scan.at };
    const { answer } = await this.#keep(scan, where);
    this.#scans.shift();
    this.#count();
    this.#screen.say("offline");
    this.#screen.answered(answer);
    await kept.putFact(`where:${this.#tab}`, this.#screen.where());
  }

  /** @param {Scan} scan @param {Where} where @returns {Promise<import("./away.js").Said>} */
  async #keep(scan, where) {
    if (!this.#away) throw new Error("this page needs the network");
    const said = await this.#away.take(scan, where);
    if (said.late) await kept.put(Object.assign(scan, { state: "kept", late: said.late }));
    else await kept.end(scan);
    kept.changed();
    return said;
  }

  /** Hands in what was kept, in its order; one tab does it for all. @returns {Promise<void>} */
  async #flush() {
    if (!(await this.#away?.ready)) return;
    const reached = await alone("biobank kept scans", async () => {
      for (let scans = await kept.inState("kept"); scans.length; scans = await kept.inState("kept")) {
        for (const scan of scans) {
          if (this.#screen.stopped()) return true;
          if (!(await this.#hand(scan))) return false;
        }
      }
      return this.#turn === 0 || (await this.#away?.reaches()) === true;
    });
    if (!reached) return this.#lost();
    if (this.#turn) this.#away?.see(this.#screen.where().box);
    this.#turn = 0;
    this.#offline = false;
    if (!this.#screen.stopped()) this.#screen.say("idle");
  }

  /** @param {Scan} scan @returns {Promise<boolean>} whether the next one may go */
  async #hand(scan) {
    const body = new URLSearchParams(Object.entries(scan.late ?? {}).map(([name, value]) => [name, String(value)]));
    const response = await post("/bench/late", scan.key, body);
    document.documentElement.toggleAttribute("data-signed-out", SIGNED_OUT.includes(response?.status ?? 0));
    if (!response || response.status >= 500 || [429, ...SIGNED_OUT].includes(response.status)) return false;
    const answer = parsed(await response.text());
    await kept.end(scan, response.ok ? "done" : "refused");
    kept.changed();
    if (answer.querySelector('.scan-result[data-outcome="notice"]')) this.#screen.answered(answer);
    return true;
  }

  #lost() {
    this.#offline = true;
    if (!this.#screen.stopped()) this.#screen.say("offline");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.send(), backoff(this.#turn));
    this.#turn += 1;
  }

  // --- after a reload or a crash ---

  /** What this tab had not sent goes on; what a tab left behind that is gone is handed in late. */
  async #begin() {
    this.#tab = await tabName();
    if (!this.#action) return;
    const living = await livingTabs();
    const waiting = (await kept.inState("waiting")).filter(({ action }) => action === this.#action);
    const mine = waiting.filter(({ tab }) => tab === this.#tab || (!this.#away && !living.has(tab)));
    this.#scans.unshift(...mine);
    const left = waiting.filter((scan) => !mine.includes(scan) && !living.has(scan.tab));
    if (await this.#away?.ready) await this.#adopt(left);
    await kept.forgetOld();
    this.#away?.see(this.#screen.where().box);
  }

  /** @param {Scan[]} scans */
  async #adopt(scans) {
    for (const scan of scans) {
      const where = { mode: "lookup", box: "", ...((await kept.fact(`where:${scan.tab}`)) ?? {}) };
      const then = scan.mode === undefined ? where : { mode: scan.mode, box: scan.box ?? "", at: scan.at };
      const { now } = await this.#keep(scan, then);
      await kept.putFact(`where:${scan.tab}`, now);
    }
  }

  #count() {
    this.#screen.counted(this.#scans.length);
  }
}

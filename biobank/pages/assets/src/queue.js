/**
 * The sending of scans: one at a time, in order, each exactly once.
 *
 * A scan keeps its command id through every retry, so the server answers a repeat without acting twice.
 * It is written down before anything else happens to it. Where the page can do without the network
 * (away.js), scans are confirmed here meanwhile and handed in late; elsewhere they wait.
 */
import { Away, withMaps } from "./away.js";
import { uuid7 } from "./codes.js";
import { handAll } from "./handing-in.js";
import * as kept from "./kept.js";
import { after, outcomeOf, parsed, post } from "./posting.js";
import { livingTabs, tabName } from "./tabs.js";

const BACKOFF = [500, 1000, 2000, 4000, 8000]; // ms

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

export class Queue {
  /** @type {Scan[]} */ #scans = [];
  #busy = false;
  #offline = false; // whether scans are kept here and handed in by and by
  #catching = false;
  #again = false; // something was set aside since handing in began
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
    if (!this.#away && this.#tab && !this.#scans.length) Object.assign(scan, this.#screen.where()); // for whichever page sends it
    // Where nothing can be written, the server alone has it.
    scan.written = this.#ready.then(() => kept.add(Object.assign(scan, { tab: this.#tab }))).catch(() => undefined);
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
    this.#catchUp();
    this.#work();
  }

  async #work() {
    this.#count();
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#ready;
      while (this.#scans.length && !this.#screen.stopped()) await this.#next();
    } finally {
      this.#busy = false;
    }
  }

  async #next() {
    const scan = this.#scans[0];
    await scan.written;
    if (this.#offline || (await this.#isBehind())) return this.#setAside(scan);
    this.#screen.say("sending");
    // Where the scan applies is settled when it is first sent: a retry must repeat the same words.
    if (scan.mode === undefined) Object.assign(scan, this.#screen.where());
    await kept.put(scan);
    const answer = await this.#post(scan);
    if (!answer) return this.#setAside(scan);
    await this.#settle(scan, answer);
    this.#scans.shift();
    this.#count();
    this.#screen.say("idle");
    this.#screen.answered(answer);
    this.#away?.see(this.#screen.where().box);
  }

  /** Keeps that a scan was answered, and what follows from it, before it is shown. At STOP nothing that waits is sent.
   * @param {Scan} scan @param {Document} answer */
  async #settle(scan, answer) {
    const outcome = outcomeOf(answer);
    const ended = outcome === "stop" ? [...this.#scans] : [scan];
    for (const each of ended) Object.assign(each, { state: "done", ended: Date.now() });
    const now = after(answer, this.#screen.where());
    const next = this.#away || outcome === "stop" ? [] : this.#scans.slice(1, 2).map((each) => Object.assign(each, now));
    await withMaps(async () => kept.settle([...ended, ...next], { facts: { [`where:${this.#tab}`]: now }, maps: await this.#away?.learned(scan, outcome) }));
  }

  /** Posts until the server has answered, or once where the page can do without. @param {Scan} scan @returns {Promise<Document | null>} */
  async #post(scan) {
    const body = new URLSearchParams({ scan: scan.code, mode: scan.mode ?? "", box: scan.box ?? "", source: scan.source, corrected: String(scan.corrected) });
    for (const name of /** @type {const} */ (["at", "about", "answer", "undo"])) {
      const said = scan[name];
      if (said) body.set(name, said);
    }
    for (let turn = 0; ; turn += 1) {
      const { came, page } = await post(this.#action, scan.key, body, ".scan-result", scan.occurred);
      if (came === "told" || came === "refused") return page;
      if (await this.#away?.ready) {
        this.#away?.signedOut(came === "signed out");
        this.#lost();
        return null;
      }
      if (came !== "none") return page;
      if (turn === 0) this.#screen.lost();
      this.#screen.say("offline");
      await new Promise((ready) => setTimeout(ready, backoff(turn)));
    }
  }

  // --- without the network ---

  /** Whether something is kept here, in whichever tab, that goes first. @returns {Promise<boolean>} */
  async #isBehind() {
    if (!(await this.#away?.ready) || !(await kept.inState("kept")).length) return false;
    this.#offline = true;
    this.#catchUp();
    return true;
  }

  /** Does here what can be done here, and keeps what the server must hear of. @param {Scan} scan */
  async #setAside(scan) {
    const where = scan.mode === undefined ? this.#screen.where() : { mode: scan.mode, box: scan.box ?? "", at: scan.at };
    const answer = await this.#keep(scan, where, this.#tab).catch(() => parsed("")); // nothing can be kept: it says so
    this.#scans.shift();
    this.#count();
    this.#screen.say("offline");
    this.#screen.answered(answer);
    this.#again = true;
    if (!this.#offline) this.#catchUp();
  }

  /** @param {Scan} scan @param {Where} where @param {string} tab @param {boolean} [left] by a page that is gone @returns {Promise<Document>} */
  #keep(scan, where, tab, left = false) {
    return withMaps(async () => {
      if (!this.#away) throw new Error("this page needs the network");
      const { answer, now, late, maps } = await this.#away.take(scan, where, left);
      if (late && scan.id === undefined) throw new Error("it could not be written down");
      const ended = !left && outcomeOf(answer) === "stop" ? [...this.#scans] : late ? [] : [scan];
      for (const each of ended) Object.assign(each, { state: "done", ended: Date.now() });
      if (late) Object.assign(scan, { state: "kept", late });
      const number = late?.seq ? { station: scan.station, next: Number(late.seq) } : undefined;
      await kept.settle(late ? [scan] : ended, { maps, number, facts: { [`where:${tab}`]: now } });
      return answer;
    });
  }

  /** Hands in what is kept, while more may be set aside; then goes on with the network. */
  async #catchUp() {
    clearTimeout(this.#timer);
    const [away, screen] = [this.#away, this.#screen];
    if (!away || this.#catching) return;
    this.#catching = true;
    if (!(await away.ready)) return; // nothing can be kept here, now or later
    await this.#ready;
    let all = false;
    do {
      this.#again = false;
      all = await handAll({ screen, away }, this.#offline).catch(() => false);
    } while (all && this.#again);
    this.#catching = false;
    if (!all) return this.#lost();
    this.#turn = 0;
    this.#offline = false;
    this.#away?.signedOut(false);
    if (!this.#screen.stopped() && !this.#busy) this.#screen.say("idle");
    this.#away?.see(this.#screen.where().box);
  }

  #lost() {
    this.#offline = true;
    if (!this.#screen.stopped()) this.#screen.say("offline");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#catchUp(), backoff(this.#turn));
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
    const gone = mine.filter((scan) => this.#away?.isOfItsPage(scan));
    for (const scan of gone) kept.end(scan);
    this.#scans.unshift(...mine.filter((scan) => !gone.includes(scan)));
    if (await this.#away?.ready) {
      const there = await this.#away?.elsewhere();
      if (there) this.#screen.answered(there);
      for (const scan of waiting) if (!mine.includes(scan) && !living.has(scan.tab)) await this.#adopt(scan);
      for (const scan of await kept.inState("refused")) await kept.put(Object.assign(scan, { state: "kept", tries: 0 }));
    }
    await kept.forgetOld();
    this.#away?.see(this.#screen.where().box);
  }

  /** @param {Scan} scan that a tab left behind */
  async #adopt(scan) {
    const where = { mode: "lookup", box: "", ...((await kept.fact(`where:${scan.tab}`)) ?? {}) };
    await this.#keep(scan, scan.mode === undefined ? where : { mode: scan.mode, box: scan.box ?? "", at: scan.at }, scan.tab, true);
  }

  #count() {
    this.#screen.counted(this.#scans.length);
  }
}

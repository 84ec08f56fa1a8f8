/**
 * What the bench does by itself while the network is away: look up, store and take, by the maps it keeps.
 *
 * Whatever it cannot know it does not guess: such a scan needs the network, and says so.
 */
import { checks, fold, grouped, isOurShape } from "./codes.js";
import * as kept from "./kept.js";

const AGAIN = 1000; // ms between two looks at the same map

/** @typedef {import("./kept.js").Scan} Scan */
/** @typedef {import("./queue.js").Where} Where */
/** @typedef {{answer: Document, now: Where, late?: import("./kept.js").Late}} Said */
/** @typedef {{code: string, name: string, level: string, free: string[], tubes: Record<string, string>, unplaced: boolean}} Map */

export class Away {
  skew = 0;
  #page;
  #looked = "";
  #timer = 0;

  /** @param {string} action @returns {Away | null} null on a page that can do nothing without the network */
  static of(action) {
    const page = document.querySelector("[data-away]");
    return action === "/bench/scans" && page instanceof HTMLElement ? new Away(page) : null;
  }

  /** @param {HTMLElement} page its templates, and the codes of the cards */
  constructor(page) {
    this.#page = page;
    this.ready = kept.usable();
    navigator.storage?.persist?.().then((granted) => document.documentElement.toggleAttribute("data-may-lose", !granted));
    this.reaches();
  }

  get person() { return this.#page.dataset.person ?? ""; }

  get station() { return this.#page.dataset.station ?? ""; }

  /** Asks the server for the last number it has of this bench, and hears its clock. @returns {Promise<boolean>} */
  async reaches() {
    try {
      const sent = Date.now();
      const response = await fetch("/bench/last", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!response.ok) return response.status < 500;
      const { last, now } = await response.json();
      this.skew = Math.round((Date.parse(now) - (sent + Date.now()) / 2) / 1000);
      await kept.putFact(`last:${this.station}`, last);
      return true;
    } catch {
      return false;
    }
  }

  /** Keeps what an answer tells of boxes. @param {Scan} scan @param {Document} answer @param {Where} where */
  async learn(scan, answer, where) {
    const outcome = answer.querySelector(".scan-result")?.getAttribute("data-outcome") ?? "stop";
    if (scan.mode === "store" && scan.box && ["ok", "done"].includes(outcome)) {
      const map = await kept.map(scan.box);
      if (map && fold(scan.code).startsWith("S")) await this.#move(fold(scan.code), map, scan.at || map.free[0]);
    }
    this.see(where.box);
  }

  /** Keeps the map of the open box as it is now. @param {string} box */
  see(box) {
    if (!box) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(box), box === this.#looked ? AGAIN : 0);
    this.#looked = box;
  }

  /** @param {string} box */
  async #look(box) {
    const version = (await kept.map(box))?.version ?? 0;
    try {
      const response = await fetch(`/bench/maps/${encodeURIComponent(box)}`, { cache: "no-store" });
      // While something is saved here, it is not in the server's map yet.
      if (response.ok && !(await kept.inState("kept")).length) await kept.replaceMap(await response.json(), version);
    } catch {
      // the map that is kept is as good as it was
    }
  }

  // --- one scan ---

  /** What a scan does here. @param {Scan} scan @param {Where} where @returns {Promise<Said>} */
  async take(scan, where) {
    const code = fold(scan.code);
    const ours = isOurShape(code);
    if (scan.answer || scan.undo || (ours && "PVKRH".includes(code[0]))) return this.#say("network", where, { code });
    if (ours && !checks(code)) return this.#say("unreadable", where, { code });
    if (ours && code[0] === "X") return this.#card(code, where);
    if (ours && code[0] === "C") return this.#open(code, where);
    if (where.mode === "store") return this.#store(scan, ours ? code : scan.code, where);
    if (where.mode === "take") return this.#out(scan, ours ? code : scan.code, where);
    return this.#find(code, where);
  }

  /** @param {string} code @param {Where} where @returns {Said} */
  #card(code, where) {
    const { lookup, store, take, done } = this.#page.dataset;
    if (code === done) return this.#say("closed", { ...where, box: "", at: "" });
    const mode = { [lookup ?? ""]: "lookup", [store ?? ""]: "store", [take ?? ""]: "take" }[code];
    return mode ? this.#say("mode", { ...where, mode, at: "" }) : this.#say("network", where, { code });
  }

  /** A box that was open before is known; of another code it is believed that it is a box. @param {string} code @param {Where} where */
  async #open(code, where) {
    /** @type {Map | undefined} */
    const map = await kept.map(code);
    if (map && map.level !== "box") return this.#say("network", where, { code });
    const name = map?.name ?? code;
    return this.#say(map ? "opened" : "unmapped", { ...where, box: code, at: "" }, { code, box: name, place: map?.free[0] ?? "" });
  }

  /** @param {string} code @param {Where} where */
  async #find(code, where) {
    const map = (await kept.maps()).find(({ tubes }) => tubes[code]);
    if (!map) return this.#say("unknown", where, { code });
    return this.#say("found", where, { code, place: map.tubes[code], box: map.name });
  }

  /** @param {Scan} scan @param {string} code @param {Where} where @returns {Promise<Said>} */
  async #store(scan, code, where) {
    if (!where.box) return this.#say("box-first", where, { code });
    /** @type {Map | undefined} */
    const map = await kept.map(where.box);
    if (map?.tubes[code]) return this.#say("already", where, { code, place: map.tubes[code], box: map.name });
    if (map && !map.unplaced && !map.free.length) return this.#say("full", where, { code, box: map.name });
    const slot = map && !map.unplaced ? [where.at, ...map.free].find((at) => at && map.free.includes(at)) : "";
    const next = map ? await this.#move(code, map, slot ?? "") : "";
    const late = await this.#late(scan, code, { mode: "store", box: where.box, ...(slot ? { at: slot } : {}) });
    return { ...this.#say("stored", { ...where, at: where.at ? next : "" }, { code, place: slot ?? "", box: map?.name ?? where.box, next }), late };
  }

  /** @param {Scan} scan @param {string} code @param {Where} where @returns {Promise<Said>} */
  async #out(scan, code, where) {
    const open = where.box ? await kept.map(where.box) : undefined;
    const map = (await kept.maps()).find(({ tubes }) => tubes[code]);
    if (open && !open.tubes[code]) return this.#say("elsewhere", where, { code, place: map?.tubes[code] ?? "", box: map?.name ?? "" });
    const place = map?.tubes[code] ?? "";
    if (map) {
      delete map.tubes[code]; // its slot stays kept for it: it is not free
      await kept.putMap(map);
    }
    const late = await this.#late(scan, code, { mode: "take" });
    return { ...this.#say("taken", where, { code, place, box: map?.name ?? "" }), late };
  }

  /** Draws a tube into the map that is kept. @param {string} code @param {Map} into @param {string | undefined} slot
   * @returns {Promise<string>} the slot that comes next */
  async #move(code, into, slot) {
    for (const map of await kept.maps()) {
      if (map.code === into.code || !map.tubes[code]) continue;
      delete map.tubes[code];
      await kept.putMap(map);
    }
    const place = into.free.indexOf(slot ?? "");
    if (place >= 0) into.free.splice(place, 1);
    into.tubes[code] = slot ?? "";
    await kept.putMap(into);
    return into.free[Math.max(place, 0)] ?? into.free[0] ?? "";
  }

  /** @param {Scan} scan @param {string} code @param {Record<string, string>} words @returns {Promise<import("./kept.js").Late>} */
  async #late(scan, code, words) {
    const { occurred, skew, person, station, source, corrected } = scan;
    const named = { ...(person ? { person } : {}), ...(station ? { station, seq: await kept.nextNumber(station) } : {}) };
    return { scan: code, ...words, occurred, skew, source, corrected: String(corrected), ...named };
  }

  /** What the page says of it, by a template of its own. @param {string} name @param {Where} now
   * @param {Record<string, string>} facts @returns {Said} */
  #say(name, now, facts = {}) {
    const answer = document.implementation.createHTMLDocument();
    const template = /** @type {HTMLTemplateElement | null} */ (this.#page.querySelector(`template[data-says="${name}"]`));
    if (template) answer.body.append(answer.importNode(template.content, true));
    for (const place of answer.querySelectorAll("[data-fact]")) place.textContent = grouped(facts[place.getAttribute("data-fact") ?? ""] ?? "");
    for (const part of answer.querySelectorAll("[data-unless-empty]")) if (!facts[part.getAttribute("data-unless-empty") ?? ""]) part.remove();
    const result = answer.querySelector(".scan-result");
    for (const part of /** @type {const} */ (["mode", "box", "at"])) result?.setAttribute(`data-${part}`, now[part] ?? "");
    answer.body.append(this.#band(answer, now, facts.box));
    return { answer, now };
  }

  /** The band of the mode as it is now. @param {Document} answer @param {Where} now @param {string} [box] @returns {Node} */
  #band(answer, now, box) {
    const here = document.querySelector('[data-part="mode"]');
    if (!here) return answer.createDocumentFragment();
    const band = /** @type {HTMLElement} */ (answer.importNode(here, true));
    band.dataset.mode = now.mode;
    const [mode, hint, open] = [".mode", ".mode-hint", ".box"].map((part) => band.querySelector(part));
    const button = document.querySelector(`[data-means="${CSS.escape(now.mode)}"]`);
    if (mode && button) mode.textContent = button.textContent;
    hint?.remove();
    const bench = /** @type {HTMLElement | null} */ (document.querySelector("scan-bench"));
    if (open && now.box !== (bench?.dataset.box ?? "")) open.textContent = grouped(now.box ? (box ?? now.box) : "");
    return band;
  }
}

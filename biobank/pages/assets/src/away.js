/**
 * What the bench does by itself while the network is away: look up, store and take, by the maps it keeps.
 *
 * Whatever it cannot know it does not guess: such a scan needs the network, and says so.
 */
import { checks, fold, grouped, isOurShape } from "./codes.js";
import { drawBand, drawnHere, drawSaved } from "./kept-map.js";
import * as kept from "./kept.js";
import { alone } from "./tabs.js";

const AGAIN = 1000; // ms between two looks at the same map
const PATIENCE = 15000; // ms for a map

/** @typedef {import("./kept.js").Scan} Scan */
/** @typedef {import("./queue.js").Where} Where */
/**
 * What came of a scan here: what the page says, what a next one applies to, what the server must hear of,
 * and the maps as they are then; nothing of it is kept yet.
 * @typedef {{answer: Document, now: Where, late?: import("./kept.js").Late, maps?: Map[]}} Said
 */
/** @typedef {{code: string, name: string, level: string, free: string[], tubes: Record<string, string>, unplaced: boolean, drawn?: string}} Map */

/** Reads the maps that are kept here and changes them, one at a time in all tabs. @template T @param {() => Promise<T>} work */
export const withMaps = (work) => alone("biobank kept maps", work);

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

  /** Whether a scan only chose what a page shows: of a page that is gone it means nothing. @param {Scan} scan */
  isOfItsPage({ code }) {
    const { lookup, store, take, done } = this.#page.dataset;
    return [lookup, store, take, done].includes(fold(code));
  }

  get station() { return this.#page.dataset.station ?? ""; }

  /** Whether the server told us that nobody is signed in any more. @param {boolean} so */
  signedOut(so) {
    document.documentElement.toggleAttribute("data-signed-out", so);
  }

  /** Asks the server for the last number it has of this bench, and hears its clock.
   * @returns {Promise<boolean>} whether it answered as it does to somebody who is signed in */
  async reaches() {
    try {
      const sent = Date.now();
      const response = await fetch("/bench/last", { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(5000) });
      this.signedOut(response.type === "opaqueredirect" || [401, 403].includes(response.status));
      if (!response.ok) return false;
      const { last, now } = await response.json();
      this.skew = Math.round((Date.parse(now) - (sent + Date.now()) / 2) / 1000);
      await kept.putFact(`last:${this.station}`, last);
      return true;
    } catch {
      return false;
    }
  }

  /** The maps as the server's answer to a scan changed them. @param {Scan} scan @param {string} outcome @returns {Promise<Map[]>} */
  async learned(scan, outcome) {
    const code = fold(scan.code);
    const map = scan.mode === "store" && scan.box && ["ok", "done"].includes(outcome) ? await kept.map(scan.box) : undefined;
    if (!map || !code.startsWith("S") || map.tubes[code]) return [];
    return (await this.#move(code, map, scan.at || map.free[0])).maps;
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
      const response = await fetch(`/bench/maps/${encodeURIComponent(box)}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      const fresh = response.ok ? await response.json() : null;
      const drawn = drawnHere(box);
      // While something is saved here, it is not in the server's map yet.
      if (fresh && !(await kept.inState("kept")).length) await withMaps(() => kept.replaceMap({ ...fresh, drawn }, version));
    } catch {
      // the map that is kept is as good as it was
    }
  }

  // --- one scan ---

  /**
   * What a scan does here. One that a page left behind was never shown: no slot was told for it, so none is
   * claimed, and what could only be told to a person is left to the server.
   * @param {Scan} scan @param {Where} where @param {boolean} [left] @returns {Promise<Said>}
   */
  async take(scan, where, left = false) {
    const said = await this.#do(scan, where, left);
    return { ...said, answer: await this.#around(said) };
  }

  /** The place that the address names, where the page is an older one of this device. @returns {Promise<Document | null>} */
  async elsewhere() {
    const bench = /** @type {HTMLElement | null} */ (document.querySelector("scan-bench"));
    const address = new URL(location.href).searchParams;
    const box = fold(address.get("box") ?? "");
    const map = box && box !== bench?.dataset.box ? await kept.map(box) : undefined;
    if (!map) return null;
    const now = { mode: address.get("mode") ?? bench?.dataset.mode ?? "lookup", box, at: address.get("at") ?? "" };
    return this.#around(this.#say("opened", now, { code: box, box: map.name, place: map.free[0] ?? "" }));
  }

  /** @param {Scan} scan @param {Where} where @param {boolean} left @returns {Promise<Said>} */
  async #do(scan, where, left) {
    const code = fold(scan.code);
    const ours = isOurShape(code);
    if (scan.answer || scan.undo || (ours && "PVKRH".includes(code[0]))) return this.#say("network", where, { code });
    if (ours && !checks(code)) return this.#say("unreadable", where, { code });
    if (ours && code[0] === "X") return this.#card(code, where);
    if (ours && code[0] === "C") return this.#open(code, where);
    const tube = ours ? code : scan.code;
    if (where.mode === "store") return left ? this.#leave(scan, tube, where) : this.#store(scan, tube, where);
    if (where.mode === "take") return this.#out(scan, tube, where, left);
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
    const slot = map && !map.unplaced ? ([where.at, ...map.free].find((at) => at && map.free.includes(at)) ?? "") : "";
    const { maps, next } = map ? await this.#move(code, map, slot) : { maps: [], next: "" };
    const late = await this.#late(scan, code, { mode: "store", box: where.box, ...(slot ? { at: slot } : {}) });
    return { ...this.#say("stored", { ...where, at: where.at ? next : "" }, { code, place: slot, box: map?.name ?? where.box, next }), late, maps };
  }

  /** Keeps a tube that was scanned for a box but not seen to be: where the cursor stood, or at whatever is free then.
   * @param {Scan} scan @param {string} code @param {Where} where @returns {Promise<Said>} */
  async #leave(scan, code, where) {
    /** @type {Map | undefined} */
    const map = where.box ? await kept.map(where.box) : undefined;
    const slot = where.at && map?.free.includes(where.at) ? where.at : "";
    const { maps, next } = map && !map.tubes[code] ? await this.#move(code, map, slot || map.free[0]) : { maps: [], next: where.at ?? "" };
    const late = await this.#late(scan, code, { mode: "store", ...(where.box ? { box: where.box } : {}), ...(slot ? { at: slot } : {}) });
    return { ...this.#say("stored", { ...where, at: slot ? next : where.at }), late, maps };
  }

  /** @param {Scan} scan @param {string} code @param {Where} where @param {boolean} left @returns {Promise<Said>} */
  async #out(scan, code, where, left) {
    const open = where.box ? await kept.map(where.box) : undefined;
    const map = (await kept.maps()).find(({ tubes }) => tubes[code]);
    if (!left && open && !open.tubes[code]) return this.#say("elsewhere", where, { code, place: map?.tubes[code] ?? "", box: map?.name ?? "" });
    const place = map?.tubes[code] ?? "";
    if (map) delete map.tubes[code]; // its slot stays kept for it: it is not free
    const late = await this.#late(scan, code, { mode: "take" });
    return { ...this.#say("taken", where, { code, place, box: map?.name ?? "" }), late, maps: map ? [map] : [] };
  }

  /** Draws a tube into a map. @param {string} code @param {Map} into @param {string | undefined} slot
   * @returns {Promise<{maps: Map[], next: string}>} the maps that changed, and the slot that comes next */
  async #move(code, into, slot) {
    const left = (await kept.maps()).filter((map) => map.code !== into.code && map.tubes[code]);
    for (const map of left) delete map.tubes[code];
    const place = into.free.indexOf(slot ?? "");
    if (place >= 0) into.free.splice(place, 1);
    into.tubes[code] = slot ?? "";
    return { maps: [...left, into], next: into.free[Math.max(place, 0)] ?? into.free[0] ?? "" };
  }

  /** @param {Scan} scan @param {string} code @param {Record<string, string>} words @returns {Promise<import("./kept.js").Late>} */
  async #late(scan, code, words) {
    const { occurred, skew, person, station, source, corrected } = scan;
    const named = { ...(person ? { person } : {}), ...(station ? { station, seq: await kept.nextNumber(station) } : {}) };
    return { scan: code, ...words, occurred, skew, source, corrected: String(corrected), ...named };
  }

  // --- what the page says ---

  /** An answer with the map of the open box as this device has it. @param {Said} said @returns {Promise<Document>} */
  async #around({ answer, now, maps = [], late }) {
    if (!now.box) return answer;
    const map = maps.find(({ code }) => code === now.box) ?? (await kept.map(now.box));
    const saved = (await kept.inState("kept")).map((scan) => scan.late ?? {});
    const next = now.mode === "store" ? now.at || map?.free[0] : "";
    const part = drawSaved(this.#page, map, now.box, late ? [...saved, late] : saved, next ?? "");
    if (part) answer.body.append(answer.importNode(part, true));
    return answer;
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
    answer.body.append(drawBand(answer, now, facts.box));
    return { answer, now };
  }
}

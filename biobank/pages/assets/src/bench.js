/**
 * <scan-bench action="/bench/scans">, or of a visit: hears scans and shows what came of them.
 *
 * The list of the last scans is kept for this tab and outlives a reload; queue.js keeps and sends the scans.
 * STOP locks the bench: what was waiting and what comes in meanwhile is listed, never sent.
 */
import htmx from "htmx.org";
import { LastScans } from "./last-scans.js";
import { LiveMap } from "./live-map.js";
import { Queue } from "./queue.js";
import { hush, play, rehearse } from "./sounds.js";
import { ask, isBadge, standing } from "./station.js";
import { Stop } from "./stop.js";

const SAME_SCAN = 2000; // ms within which the same code is one scan

class ScanBench extends HTMLElement {
  /** @type {Queue} */ #queue;
  /** @type {LiveMap} */ #map;
  /** @type {Stop} */ #stop;
  /** @type {LastScans} */ #list;
  #last = { code: "", at: -Infinity };
  /** @type {AbortController | null} */ #open = null;

  connectedCallback() {
    const { signal } = (this.#open = new AbortController());
    document.addEventListener("scan", (event) => this.#take(/** @type {CustomEvent} */ (event)), { signal });
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    document.addEventListener("visibilitychange", () => this.#stayAwake(), { signal });
    addEventListener("online", () => this.#queue.send(), { signal });
    this.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.#stop = new Stop(this, signal);
    this.#stayAwake();
    this.#map = new LiveMap(this, signal);
    this.#showShift();
    document.addEventListener("keydown", () => this.#showShift(), { signal });
    this.#queue = new Queue(this.#action, this.#screen);
    this.#list = new LastScans(this, this.#action);
    this.#queue.send();
  }

  disconnectedCallback() {
    this.#open?.abort();
    hush();
  }

  get #action() { return this.getAttribute("action") ?? ""; }

  /** What the queue asks and tells. @returns {import("./queue.js").Screen} */
  get #screen() {
    return {
      stopped: () => this.#stop.shown,
      where: () => {
        const { mode = "", box = "", at, about } = this.dataset;
        return { mode, box, at, about };
      },
      answered: (answer) => {
        this.#show(answer);
        this.#list.keep();
      },
      say: (state) => this.#say(state),
      lost: () => this.#sound("offline"),
      counted: (waiting) => {
        for (const place of this.querySelectorAll("[data-queue-length]")) place.textContent = String(waiting);
      },
    };
  }

  /** @param {string} selector @returns {any} */
  #part(selector) {
    return this.querySelector(selector);
  }

  /** @param {CustomEvent} event */
  #take(event) {
    if (event.defaultPrevented) return; // a part of the page took it
    event.preventDefault();
    const { code, source, corrected } = event.detail;
    if (this.#stop.shown) return this.#answer(code);
    if (this.dataset.badges && isBadge(code)) return this.#switchPerson(code);
    const again = code === this.#last.code && event.timeStamp - this.#last.at < SAME_SCAN;
    this.#last = { code, at: event.timeStamp };
    if (again) return;
    this.#queue.add({ code, source, corrected });
  }

  /** While STOP is shown, the ACK card and those of its choices are heard, and nothing else. @param {string} code */
  #answer(code) {
    const meant = this.#stop.heard(code);
    if (meant === "understood") this.#acknowledge();
    else if (meant !== "ignored") this.#choose(meant);
  }

  /** Sends the scan that was stopped again, with what to do about it. @param {HTMLElement} button */
  #choose(button) {
    const code = /** @type {HTMLElement} */ (button.closest("[data-scanned]"))?.dataset.scanned ?? "";
    const { answer } = button.dataset;
    this.#acknowledge();
    this.#queue.add({ code, source: "scan", corrected: false, answer });
  }

  /** Lets the person of a badge go on here, or leads to their number pad. @param {string} badge */
  async #switchPerson(badge) {
    // Who stands here can only be changed with a connection.
    const answer = await ask("/bench/badge", { badge, ...standing(this.dataset) }).catch(() => this.#sound("offline"));
    if (answer) this.#show(answer);
  }

  /** A dialog, or a form that acts on the bench as it stands: the lock. @param {string} id */
  #openPart(id) {
    const part = document.getElementById(id);
    if (part instanceof HTMLDialogElement) return part.showModal();
    if (!(part instanceof HTMLFormElement)) return;
    for (const name of ["mode", "box", "at"]) /** @type {any} */ (part.elements.namedItem(name)).value = this.dataset[name] ?? "";
    part.requestSubmit();
  }

  /** @param {Document} answer */
  #show(answer) {
    const failed = () => this.#part("template[data-failed]")?.content.querySelector(".scan-result");
    const found = answer.querySelector("section.scan-result") ?? failed();
    if (!found) return;
    const result = document.importNode(found, true);
    for (const part of answer.querySelectorAll("[data-part]")) this.#replace(part);
    this.#remember(result);
    this.#shelve();
    const outcome = result.dataset.outcome ?? "stop";
    this.#sound(outcome);
    if (outcome === "stop") {
      this.#say("stop");
      this.#stop.show(result, this.#queue.drop());
    } else this.#part("[data-result]").replaceChildren(result);
    htmx.process(result);
    if (result.dataset.opens) this.#openPart(result.dataset.opens);
    if (result.dataset.leads) location.assign(result.dataset.leads);
  }

  /** @param {Element} part */
  #replace(part) {
    const name = CSS.escape(part.getAttribute("data-part") ?? "");
    const here = document.querySelector(`[data-part="${name}"]`);
    if (!here) return;
    const fresh = document.importNode(part, true);
    if (here instanceof HTMLDetailsElement) /** @type {HTMLDetailsElement} */ (fresh).open = here.open;
    here.replaceWith(fresh);
    htmx.process(fresh);
  }

  /** Keeps mode, box and slot on the element and in the address. @param {HTMLElement} result */
  #remember(result) {
    const { mode, box, at, about } = result.dataset;
    if (about !== undefined) this.dataset.about = about;
    this.#keepPlace({ mode, box, at });
  }

  /** @param {Record<string, string | undefined>} place what of it is undefined stays as it is */
  #keepPlace(place) {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(place)) {
      if (value === undefined) continue;
      this.dataset[name] = value;
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history.replaceState(history.state, "", address);
  }

  /** Moves the result on show to the top of the list. */
  #shelve() {
    const result = this.#part("[data-result] > .scan-result");
    if (result) this.#list.add(result);
  }

  #acknowledge() {
    if (!this.#stop.shown) return;
    hush();
    this.#say("idle");
    const { result, ignored } = this.#stop.end();
    if (result) this.#part("[data-result]").replaceChildren(result);
    this.#last = { code: "", at: -Infinity };
    for (const row of ignored) this.#list.add(row);
    this.#list.keep();
    this.#queue.send();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.#stop.shown || event.defaultPrevented || event.repeat || !["Enter", " "].includes(event.key)) return;
    if (event.target instanceof Element && event.target.closest("[data-answer]")) return; // chosen with the keyboard
    event.preventDefault();
    this.#acknowledge();
  }

  /** @param {Event} event */
  #onClick(event) {
    const target = event.target instanceof Element ? event.target : null;
    const cell = target?.closest(".beside a.cell");
    if (cell) return this.#point(event, cell);
    const button = target?.closest("[data-acknowledge], [data-answer], [data-scan-code], [data-start-shift]");
    if (!(button instanceof HTMLElement)) return;
    const { answer, scanCode, startShift, undo } = button.dataset;
    if (answer !== undefined) return this.#choose(button);
    if (startShift !== undefined) return this.#startShift(button);
    if (scanCode === undefined) return this.#acknowledge();
    if (undo) return this.#queue.add({ code: scanCode, source: "typed", corrected: false, undo });
    this.#part("dialog[data-help]")?.close();
    const detail = { code: scanCode, source: "typed", corrected: false };
    button.dispatchEvent(new CustomEvent("scan", { bubbles: true, cancelable: true, detail }));
  }

  /** A slot touched on the map is where the cursor stands now. @param {Event} event @param {Element} cell */
  #point(event, cell) {
    event.preventDefault();
    const at = new URL(cell.getAttribute("href") ?? "", location.href).searchParams.get("slot") ?? "";
    this.#keepPlace({ at });
    this.#map.refresh();
  }

  /** The browser lets sounds out after a gesture: this one is asked for, and all are heard once. @param {HTMLElement} button */
  #startShift(button) {
    button.hidden = true;
    rehearse(this.#volume);
  }

  #showShift() {
    const button = this.#part("[data-start-shift]");
    if (button) button.hidden = navigator.userActivation?.hasBeenActive ?? true;
  }

  /** @param {"idle" | "sending" | "offline" | "stop"} state */
  #say(state) {
    this.dataset.state = state;
  }

  /** @param {string} name */
  #sound(name) {
    play(name, this.#volume, this.dataset.vibrate !== "off");
  }

  get #volume() {
    return this.dataset.visualOnly === undefined ? Number(this.dataset.volume ?? 0.5) : 0;
  }

  #stayAwake() {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => undefined);
  }
}

customElements.define("scan-bench", ScanBench);

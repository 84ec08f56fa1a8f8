/**
 * <scan-bench action="/bench/scans">, or of a visit: hears scans and shows what came of them.
 *
 * The list of the last scans is kept for this tab and outlives a reload; queue.js keeps and sends the scans.
 * STOP locks the bench: what was waiting and what comes in meanwhile is listed, never sent.
 */
import htmx from "htmx.org";
import { keep, recall } from "./last-scans.js";
import { Queue } from "./queue.js";
import { hush, play } from "./sounds.js";

const SAME_SCAN = 2000; // ms within which the same code is one scan
const KEPT = 20; // results in the list

class ScanBench extends HTMLElement {
  /** @type {Queue} */ #queue;
  #last = { code: "", at: -Infinity };
  /** @type {AbortController | null} */ #open = null;

  connectedCallback() {
    const { signal } = (this.#open = new AbortController());
    document.addEventListener("scan", (event) => this.#take(/** @type {CustomEvent} */ (event)), { signal });
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    document.addEventListener("visibilitychange", () => this.#stayAwake(), { signal });
    addEventListener("online", () => this.#queue.send(), { signal });
    this.addEventListener("click", (event) => this.#onClick(event), { signal });
    const stop = this.#part("[data-stop]");
    // A browser closes a dialog at the second Escape whatever a page says: STOP opens again.
    stop?.addEventListener("close", () => this.#stopped && stop.showModal(), { signal });
    this.#stayAwake();
    this.#queue = new Queue(this.#action, this.#screen);
    for (const entry of recall(this.#action).reverse()) this.#list(entry);
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
      stopped: () => this.#stopped,
      where: () => ({ mode: this.dataset.mode ?? "", box: this.dataset.box ?? "" }),
      answered: (answer) => {
        this.#show(answer);
        this.#keepList();
      },
      say: (state) => this.#say(state),
      lost: () => this.#sound("offline"),
      counted: (waiting) => this.#showQueue(waiting),
    };
  }

  get #stopped() {
    return this.dataset.state === "stop";
  }

  /** @param {string} selector @returns {any} */
  #part(selector) {
    return this.querySelector(selector);
  }

  /** @param {CustomEvent} event */
  #take(event) {
    event.preventDefault();
    const { code, source, corrected } = event.detail;
    if (this.#stopped) return code === this.#part("[data-stop]")?.dataset.ackCode ? this.#acknowledge() : this.#ignore(code);
    const again = code === this.#last.code && event.timeStamp - this.#last.at < SAME_SCAN;
    this.#last = { code, at: event.timeStamp };
    if (again) return;
    this.#queue.add({ code, source, corrected });
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
    this.#sound(outcome === "stop" ? "stop" : (result.dataset.sound ?? outcome));
    if (outcome === "stop") this.#stop(result);
    else this.#part("[data-result]").replaceChildren(result);
    htmx.process(result);
    if (result.dataset.leads) location.assign(result.dataset.leads);
  }

  /** @param {Element} part */
  #replace(part) {
    const name = CSS.escape(part.getAttribute("data-part") ?? "");
    const here = document.querySelector(`[data-part="${name}"]`);
    if (!here) return;
    const fresh = document.importNode(part, true);
    here.replaceWith(fresh);
    htmx.process(fresh);
  }

  /** Keeps mode and box on the element and in the address. @param {HTMLElement} result */
  #remember(result) {
    const address = new URL(location.href);
    for (const name of ["mode", "box"]) {
      if (result.dataset[name] === undefined) continue;
      this.dataset[name] = result.dataset[name];
      if (result.dataset[name]) address.searchParams.set(name, result.dataset[name]);
      else address.searchParams.delete(name);
    }
    history.replaceState(history.state, "", address);
  }

  /** Moves the result on show to the top of the list. */
  #shelve() {
    const result = this.#part("[data-result] > .scan-result");
    if (result) this.#list(result);
  }

  /** @param {Element} entry */
  #list(entry) {
    const list = this.#part("[data-last]");
    if (!list) return;
    const row = document.createElement("li");
    row.append(entry);
    list.prepend(row);
    while (list.children.length > KEPT) list.lastElementChild.remove();
  }

  #keepList() {
    keep(this.#action, [...this.querySelectorAll(".scan-result, [data-last] .scan-ignored")].slice(0, KEPT));
  }

  /** @param {Element} result */
  #stop(result) {
    this.#say("stop");
    this.#part("[data-stop-result]").replaceChildren(result);
    this.#part("[data-ignored-list]")?.replaceChildren();
    const dialog = this.#part("[data-stop]");
    if (!dialog.open) dialog.showModal();
    for (const scan of this.#queue.drop()) this.#ignore(scan.code);
    this.#countIgnored();
  }

  /** @param {string} code */
  #ignore(code) {
    const row = this.#part("template[data-ignored]")?.content.firstElementChild?.cloneNode(true);
    if (!row) return;
    row.querySelector("[data-code]").textContent = code;
    this.#part("[data-ignored-list]").prepend(row);
    this.#countIgnored();
  }

  #countIgnored() {
    const count = this.#part("[data-ignored-list]")?.children.length ?? 0;
    this.#part("[data-ignored-count]").textContent = count;
    this.#part("[data-ignored-note]").hidden = count === 0;
  }

  #acknowledge() {
    if (!this.#stopped) return;
    hush();
    this.#say("idle");
    this.#part("[data-stop]").close();
    this.#part("[data-result]").replaceChildren(this.#part("[data-stop-result]").firstElementChild);
    this.#last = { code: "", at: -Infinity };
    for (const row of [...this.#part("[data-ignored-list]").children].reverse()) this.#list(row.firstElementChild);
    this.#keepList();
    this.#queue.send();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.#stopped || event.defaultPrevented || event.repeat || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    this.#acknowledge();
  }

  /** @param {Event} event */
  #onClick(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-acknowledge], [data-scan-code]") : null;
    if (!(button instanceof HTMLElement)) return;
    if (button.dataset.scanCode === undefined) return this.#acknowledge();
    const detail = { code: button.dataset.scanCode, source: "typed", corrected: false };
    button.dispatchEvent(new CustomEvent("scan", { bubbles: true, cancelable: true, detail }));
  }

  /** @param {number} waiting */
  #showQueue(waiting) {
    for (const place of this.querySelectorAll("[data-queue-length]")) place.textContent = String(waiting);
  }

  /** @param {"idle" | "sending" | "offline" | "stop"} state */
  #say(state) {
    this.dataset.state = state;
  }

  /** @param {string} name */
  #sound(name) {
    const volume = this.dataset.visualOnly === undefined ? Number(this.dataset.volume ?? 0.5) : 0;
    play(name, volume, this.dataset.vibrate !== "off");
  }

  #stayAwake() {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => undefined);
  }
}

customElements.define("scan-bench", ScanBench);

/**
 * STOP on a bench: the red frame with what is wrong, what is scanned meanwhile, and the ways out of it.
 *
 * It takes a `<dialog data-stop>` in the element; pages without one show no frame.
 */
export class Stop {
  #bench;

  /** @param {HTMLElement} bench @param {AbortSignal} signal ends it */
  constructor(bench, signal) {
    this.#bench = bench;
    // A browser closes a dialog at the second Escape whatever a page says: STOP opens again.
    this.#part("[data-stop]")?.addEventListener("close", () => this.shown && this.#part("[data-stop]").showModal(), { signal });
  }

  get shown() {
    return this.#bench.dataset.state === "stop";
  }

  /** @param {Element} result what is wrong @param {{code: string}[]} waiting scans that are not sent for it */
  show(result, waiting) {
    this.#part("[data-stop-result]").replaceChildren(result);
    this.#part("[data-ignored-list]")?.replaceChildren();
    const dialog = this.#part("[data-stop]");
    if (!dialog.open) dialog.showModal();
    for (const scan of waiting) this.#ignore(scan.code);
    this.#count();
  }

  /** What a code says while STOP is shown: one of its choices, or that it was understood; anything else is ignored.
   * @param {string} code @returns {HTMLElement | "understood" | "ignored"} */
  heard(code) {
    const stop = this.#part("[data-stop]");
    const choice = stop?.querySelector(`[data-answer-card="${CSS.escape(code)}"]`);
    if (choice) return choice;
    if (code === stop?.dataset.ackCode) return "understood";
    this.#ignore(code);
    return "ignored";
  }

  /** Closes the frame. @returns {{result: Element | null, ignored: Element[]}} what it showed; the oldest first */
  end() {
    this.#part("[data-stop]").close();
    const ignored = [...this.#part("[data-ignored-list]").children].reverse().map((row) => row.firstElementChild);
    return { result: this.#part("[data-stop-result]").firstElementChild, ignored };
  }

  /** @param {string} selector @returns {any} */
  #part(selector) {
    return this.#bench.querySelector(selector);
  }

  /** @param {string} code */
  #ignore(code) {
    const row = this.#part("template[data-ignored]")?.content.firstElementChild?.cloneNode(true);
    if (!row) return;
    row.querySelector("[data-code]").textContent = code;
    this.#part("[data-ignored-list]").prepend(row);
    this.#count();
  }

  #count() {
    const count = this.#part("[data-ignored-list]")?.children.length ?? 0;
    this.#part("[data-ignored-count]").textContent = count;
    this.#part("[data-ignored-note]").hidden = count === 0;
  }
}

/**
 * The map of the open box, kept as it is: asked for every two seconds, and redrawn when anybody changed it.
 *
 * What it says is the server's; an ETag spares the drawing while nothing changes.
 */
const EVERY = 2000; // ms

export class LiveMap {
  #bench;

  /** @param {HTMLElement} bench @param {AbortSignal} signal ends it */
  constructor(bench, signal) {
    this.#bench = bench;
    const timer = setInterval(() => this.#look(), EVERY);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  #look() {
    const { box, state, live } = this.#bench.dataset;
    if (live && box && !document.hidden && navigator.onLine && ["idle", undefined].includes(state)) this.refresh();
  }

  /** Draws the map anew where it is not as it was; after a slot was chosen, in any case. */
  async refresh() {
    const { live = "", mode = "", box = "", at = "" } = this.#bench.dataset;
    const drawn = `${mode} ${box} ${at}`;
    const here = this.#part;
    const same = at === (here?.dataset.at ?? "");
    const asked = same ? here?.dataset.etag : "";
    const headers = { Accept: "text/html", ...(asked ? { "If-None-Match": `"${asked}"` } : {}) };
    try {
      const response = await fetch(`${live}?${new URLSearchParams({ mode, box, at })}`, { headers, cache: "no-store" });
      if (response.status === 200) this.#draw(await response.text(), drawn);
    } catch {
      // without a connection the map stays as it was; the bench itself says that it is offline
    }
  }

  /** @returns {HTMLElement | null} */
  get #part() {
    return this.#bench.querySelector("[data-part=map]");
  }

  /** @param {string} text @param {string} drawn what the map was asked for */
  #draw(text, drawn) {
    const { mode = "", box = "", at = "", state } = this.#bench.dataset;
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-part=map]");
    if (!fresh || drawn !== `${mode} ${box} ${at}` || !["idle", undefined].includes(state)) return;
    const held = this.#part?.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    this.#part?.replaceWith(document.importNode(fresh, true));
    if (held) /** @type {any} */ (this.#part?.querySelector(`[href="${CSS.escape(held)}"]`))?.focus();
  }
}

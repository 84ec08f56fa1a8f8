/** The list of the last scans of a page, the newest on top; kept for this tab, so that a reload loses nothing of it. */
const KEPT = 20; // results in the list

export class LastScans {
  #bench;
  #name;

  /** Shows what was kept. @param {HTMLElement} bench @param {string} page */
  constructor(bench, page) {
    this.#bench = bench;
    this.#name = `last scans:${page}`;
    const reader = new DOMParser();
    const kept = JSON.parse(sessionStorage.getItem(this.#name) ?? "[]").reverse();
    for (const text of kept) this.add(document.importNode(reader.parseFromString(text, "application/xhtml+xml").documentElement, true));
  }

  /** @param {Element} entry */
  add(entry) {
    const list = this.#bench.querySelector("[data-last]");
    if (!list) return;
    for (const part of entry.querySelectorAll("[data-now-only]")) part.remove();
    const row = document.createElement("li");
    row.append(entry);
    list.prepend(row);
    while (list.children.length > KEPT) list.lastElementChild?.remove();
  }

  /** Keeps the list and the result on show above it. */
  keep() {
    const writer = new XMLSerializer();
    const entries = [...this.#bench.querySelectorAll(".scan-result, [data-last] .scan-ignored")].slice(0, KEPT);
    try {
      sessionStorage.setItem(this.#name, JSON.stringify(entries.map((entry) => writer.serializeToString(entry))));
    } catch {
      // a full store costs the list after a reload, never a scan
    }
  }
}

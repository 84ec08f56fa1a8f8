/** Keeps the list of the last scans of each page for this tab, so that a reload loses nothing of it. */

/** @param {string} page */
const name = (page) => `last scans:${page}`;

/** @param {string} page @param {Element[]} entries the newest first */
export function keep(page, entries) {
  const writer = new XMLSerializer();
  try {
    sessionStorage.setItem(name(page), JSON.stringify(entries.map((entry) => writer.serializeToString(entry))));
  } catch {
    // a full store costs the list after a reload, never a scan
  }
}

/** @param {string} page @returns {Element[]} what was kept, the newest first */
export function recall(page) {
  const reader = new DOMParser();
  const kept = JSON.parse(sessionStorage.getItem(name(page)) ?? "[]");
  return kept.map((/** @type {string} */ text) => document.importNode(reader.parseFromString(text, "application/xhtml+xml").documentElement, true));
}

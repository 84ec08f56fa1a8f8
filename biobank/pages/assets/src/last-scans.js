/** Keeps the list of the last scans for this tab, so that a reload of the bench loses nothing of it. */

const NAME = "last scans";

/** @param {Element[]} entries the newest first */
export function keep(entries) {
  const writer = new XMLSerializer();
  try {
    sessionStorage.setItem(NAME, JSON.stringify(entries.map((entry) => writer.serializeToString(entry))));
  } catch {
    // a full store costs the list after a reload, never a scan
  }
}

/** @returns {Element[]} what was kept, the newest first */
export function recall() {
  const reader = new DOMParser();
  const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
  return kept.map((/** @type {string} */ text) => document.importNode(reader.parseFromString(text, "application/xhtml+xml").documentElement, true));
}

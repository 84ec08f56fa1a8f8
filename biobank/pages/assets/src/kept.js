/**
 * What this browser keeps of scans: written before anything is said of them, and there after a crash.
 *
 * A scan is `waiting` until the server answered, `kept` when it was confirmed without the network, and
 * `done` when it came in; what is done stays for a month. `refused` is what the server took for no scan, or
 * broke at again and again: it stays, is exported with the others, and is tried anew when a page opens.
 * Maps of boxes and numbers stand beside.
 */
const NAME = "biobank bench";
const MONTH = 30 * 24 * 3600 * 1000; // ms
const COUNTER = "biobank-scans"; // a cookie outlives a browser that clears its store
const YEARS = 10 * 365 * 24 * 3600; // s

/** @typedef {Record<string, string | number>} Late the words of a scan that is handed in late */
/** @typedef {{id?: number, key: string, action: string, tab: string, state: "waiting" | "kept" | "done" | "refused",
 *   code: string, source: string, corrected: boolean, occurred: string, skew: number, person: string, station: string,
 *   answer?: string, undo?: string, mode?: string, box?: string, at?: string, about?: string, late?: Late, ended?: number, tries?: number,
 *   written?: Promise<unknown>}} Scan */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @type {Promise<IDBDatabase | null>} */
const opened = new Promise((resolve) => {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const scans = request.result.createObjectStore("scans", { keyPath: "id", autoIncrement: true });
      scans.createIndex("state", "state");
      scans.createIndex("key", "key", { unique: true });
      request.result.createObjectStore("maps", { keyPath: "code" });
      request.result.createObjectStore("facts");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  } catch {
    resolve(null); // without a store the bench works with the network alone
  }
});
const told = new BroadcastChannel(NAME);

/** @param {string} store @param {(store: IDBObjectStore) => IDBRequest} act @param {IDBTransactionMode} mode */
async function use(store, act, mode = "readonly") {
  const database = await opened;
  if (!database) return undefined;
  const work = database.transaction(store, mode, { durability: "strict" });
  const asked = result(act(work.objectStore(store)));
  if (mode === "readonly") return asked;
  await Promise.all([asked, whole(work)]);
  return asked;
}

/** Kept means that the whole transaction is, not that it was asked for. @param {IDBTransaction} work */
function whole(work) {
  return new Promise((resolve, reject) => {
    work.oncomplete = resolve;
    work.onabort = () => reject(work.error);
  });
}

/** Whether anything can be kept here. @returns {Promise<boolean>} */
export const usable = async () => (await opened) !== null;

/** @param {Scan} scan */
export async function add(scan) {
  const { written: _, ...row } = scan;
  const id = await use("scans", (scans) => scans.add(row), "readwrite");
  if (id !== undefined) scan.id = id;
}

/** @param {Scan} scan */
export const put = (scan) => settle([scan]);

/** @param {Scan} scan @param {"done" | "refused"} state */
export const end = (scan, state = "done") => settle([Object.assign(scan, { state, ended: Date.now() })]);

/**
 * Keeps scans, and whatever changes with them, all at once: a browser that dies has kept all of it or nothing.
 * @param {Scan[]} scans
 * @param {{maps?: any[], facts?: Record<string, unknown>, number?: {station: string, next: number}}} [more]
 */
export async function settle(scans, { maps = [], facts = {}, number } = {}) {
  const database = await opened;
  if (!database) return;
  for (const scan of scans) await scan.written;
  const work = database.transaction(["scans", "maps", "facts"], "readwrite", { durability: "strict" });
  for (const { written: _, ...row } of scans) if (row.id !== undefined) work.objectStore("scans").put(row);
  for (const map of maps) work.objectStore("maps").put({ ...map, version: (map.version ?? 0) + 1 });
  for (const [name, value] of Object.entries(facts)) work.objectStore("facts").put(value, name);
  if (number) work.objectStore("facts").put(number.next, `number:${number.station}`);
  await whole(work);
  if (number) document.cookie = `${COUNTER}=${number.next}; path=/; max-age=${YEARS}; samesite=lax`;
  changed();
}

/** @param {"waiting" | "kept" | "done" | "refused"} state @returns {Promise<Scan[]>} in the order they were scanned */
export async function inState(state) {
  return (await use("scans", (scans) => scans.index("state").getAll(state))) ?? [];
}

/** @param {string} key @returns {Promise<boolean>} */
export async function knows(key) {
  return Boolean(await use("scans", (scans) => scans.index("key").count(key)));
}

export async function forgetOld() {
  for (const scan of await inState("done")) {
    if ((scan.ended ?? 0) < Date.now() - MONTH) await use("scans", (scans) => scans.delete(scan.id ?? -1), "readwrite");
  }
}

/** @param {string} code @returns {Promise<any>} */
export const map = (code) => use("maps", (maps) => maps.get(code));

/** @returns {Promise<any[]>} */
export const maps = async () => (await use("maps", (all) => all.getAll())) ?? [];

/** Keeps a map as the server has it, unless this device changed it since it was asked for.
 * @param {any} fresh @param {number} version of the map that was here then */
export async function replaceMap(fresh, version) {
  const look = (/** @type {IDBObjectStore} */ all) => {
    const asked = all.get(fresh.code);
    asked.addEventListener("success", () => {
      if ((asked.result?.version ?? 0) === version) all.put({ ...fresh, drawn: fresh.drawn ?? asked.result?.drawn, version });
    });
    return asked;
  };
  await use("maps", look, "readwrite");
}

/** @param {string} name @returns {Promise<any>} */
export const fact = (name) => use("facts", (facts) => facts.get(name));

/** @param {string} name @param {unknown} value */
export const putFact = (name, value) => use("facts", (facts) => facts.put(value, name), "readwrite");

/**
 * The next number of this bench's scans. A browser whose store was cleared goes on from its cookie; one that
 * lost both leaves a number out after the server's last, so that it is noticed that something may be missing.
 * @param {string} station @returns {Promise<number>} it counts as given out once `settle` was told of it
 */
export async function nextNumber(station) {
  const cookie = Number(document.cookie.match(new RegExp(`(?:^|; )${COUNTER}=(\\d+)`))?.[1] ?? 0);
  const here = Math.max((await fact(`number:${station}`)) ?? 0, cookie);
  const server = (await fact(`last:${station}`)) ?? 0;
  return here ? Math.max(here, server) + 1 : server + (server ? 2 : 1);
}

/** @param {() => void} heard */
export function onChange(heard) {
  told.addEventListener("message", heard);
}

/** Lets other pages know, and this one: a channel does not hear itself. */
export function changed() {
  told.postMessage("changed");
  document.dispatchEvent(new CustomEvent("kept-scans"));
}

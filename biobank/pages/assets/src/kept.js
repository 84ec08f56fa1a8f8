/**
 * What this browser keeps of scans: written before anything is said of them, and there after a crash.
 *
 * A scan is `waiting` until the server answered, `kept` when it was confirmed without the network, and
 * `done` when it came in; what is done stays for a month. Maps of boxes and numbers stand beside.
 */
const NAME = "biobank bench";
const MONTH = 30 * 24 * 3600 * 1000; // ms
const COUNTER = "biobank-scans"; // a cookie outlives a browser that clears its store
const YEARS = 10 * 365 * 24 * 3600; // s

/** @typedef {Record<string, string | number>} Late the words of a scan that is handed in late */
/** @typedef {{id?: number, key: string, action: string, tab: string, state: "waiting" | "kept" | "done" | "refused",
 *   code: string, source: string, corrected: boolean, occurred: string, skew: number, person: string, station: string,
 *   answer?: string, undo?: string, mode?: string, box?: string, at?: string, about?: string, late?: Late, ended?: number,
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
  // Kept means that the whole transaction is, not that it was asked for.
  await new Promise((resolve, reject) => {
    work.oncomplete = resolve;
    work.onabort = () => reject(work.error);
  });
  return asked;
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
export async function put(scan) {
  const { written: _, ...row } = scan;
  if (scan.id !== undefined) await use("scans", (scans) => scans.put(row), "readwrite");
  told.postMessage("changed");
}

/** @param {Scan} scan @param {"done" | "refused"} state */
export async function end(scan, state = "done") {
  await scan.written;
  await put(Object.assign(scan, { state, ended: Date.now() }));
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

/** Keeps a map as this device changed it. @param {any} kept */
export const putMap = (kept) => use("maps", (all) => all.put({ ...kept, version: (kept.version ?? 0) + 1 }), "readwrite");

/** Keeps a map as the server has it, unless this device changed it since it was asked for.
 * @param {any} fresh @param {number} version of the map that was here then */
export async function replaceMap(fresh, version) {
  const look = (/** @type {IDBObjectStore} */ all) => {
    const asked = all.get(fresh.code);
    asked.addEventListener("success", () => {
      if ((asked.result?.version ?? 0) === version) all.put({ ...fresh, version });
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
 * @param {string} station @returns {Promise<number>}
 */
export async function nextNumber(station) {
  const name = `number:${station}`;
  const cookie = Number(document.cookie.match(new RegExp(`(?:^|; )${COUNTER}=(\\d+)`))?.[1] ?? 0);
  const here = Math.max((await fact(name)) ?? 0, cookie);
  const server = (await fact(`last:${station}`)) ?? 0;
  const next = here ? Math.max(here, server) + 1 : server + (server ? 2 : 1);
  document.cookie = `${COUNTER}=${next}; path=/; max-age=${YEARS}; samesite=lax`;
  await putFact(name, next);
  return next;
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

/**
 * The service worker of the bench: its page and what belongs to it open without the network.
 *
 * Files under /static/ bear a hash of their content and never change. The page is asked for anew each time,
 * and what is kept of it is the last that came. Nothing else is kept: no answer to a scan, nothing of a tube.
 */
const SHELL = "bench";
const PAGE = "/bench";
const STATIC = /\/static\/[\w./-]+/g;

const worker = /** @type {any} */ (self);

/** Keeps the page and the files it names. @param {Response} page */
async function keep(page) {
  const cache = await caches.open(SHELL);
  const files = new Set((await page.clone().text()).match(STATIC) ?? []);
  for (const file of files) if (!(await cache.match(file))) await cache.add(file);
  await cache.put(PAGE, page);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname.endsWith(".js") && !files.has(pathname)) await cache.delete(url);
  }
}

/** @param {Request} request */
async function page(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await keep(answer.clone());
    else if (answer.status < 500) await caches.delete(SHELL); // nobody is signed in: the name on it is nobody's
    return answer;
  } catch (lost) {
    const kept = await caches.match(PAGE);
    if (!kept) throw lost;
    return kept;
  }
}

/** @param {Request} request */
async function file(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(SHELL)).put(request, answer.clone());
  return answer;
}

worker.addEventListener("install", (/** @type {any} */ event) => {
  const kept = fetch(PAGE).then((answer) => (answer.ok && !answer.redirected ? keep(answer) : undefined));
  event.waitUntil(kept.then(() => worker.skipWaiting()));
});
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && pathname === PAGE) event.respondWith(page(request));
});

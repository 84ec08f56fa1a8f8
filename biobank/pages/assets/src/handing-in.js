/** Handing in what was kept without the network: in its order, by one tab for all, each scan once. */
import * as kept from "./kept.js";
import { outcomeOf, post } from "./posting.js";
import { alone } from "./tabs.js";

const TRIES = 8; // at one scan, by a server that is well otherwise

/** @typedef {import("./kept.js").Scan} Scan */
/** @typedef {{screen: import("./queue.js").Screen, away: import("./away.js").Away}} Bench */

/** @param {Bench} bench @param {boolean} probe whether the server is asked for where nothing is kept
 * @returns {Promise<boolean>} whether nothing is left */
export function handAll(bench, probe) {
  return alone("biobank kept scans", async () => {
    for (let scans = await kept.inState("kept"); scans.length; scans = await kept.inState("kept")) {
      for (const scan of scans) if (bench.screen.stopped() || !(await hand(bench, scan))) return false;
    }
    return !probe || bench.away.reaches();
  });
}

/** @param {Bench} bench @param {Scan} scan @returns {Promise<boolean>} whether the next one may go */
async function hand({ screen, away }, scan) {
  const body = new URLSearchParams(Object.entries(scan.late ?? {}).map(([name, value]) => [name, String(value)]));
  const { came, page } = await post("/bench/late", scan.key, body, "[data-came]");
  away.signedOut(came === "signed out");
  if (came === "broken") return isStuck(away, scan);
  if (came !== "told" && came !== "refused") return false;
  await kept.end(scan, came === "told" ? "done" : "refused");
  if (outcomeOf(page) === "notice") screen.answered(page);
  return true;
}

/** Whether a scan breaks the server while all else goes well: then it stays here, and holds up the others no longer.
 * @param {Bench["away"]} away @param {Scan} scan @returns {Promise<boolean>} */
async function isStuck(away, scan) {
  scan.tries = (scan.tries ?? 0) + 1;
  const stuck = scan.tries >= TRIES && (await away.reaches());
  await (stuck ? kept.end(scan, "refused") : kept.put(scan));
  return stuck;
}

/** Which tab this is, which others live, and work that one tab does at a time. */
import { uuid7 } from "./codes.js";

const RELEASED = 500; // ms that a reloaded page takes at most to let its name go

/** @param {string} name @returns {Promise<boolean>} whether this tab has the name now, until it is closed */
function hold(name) {
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(RELEASED) };
    const held = () => {
      resolve(true);
      return new Promise(() => undefined);
    };
    navigator.locks.request(name, options, held).catch(() => resolve(false));
  });
}

/** The name of this tab: the same after a reload, another one for a tab that was duplicated.
 * @returns {Promise<string>} */
export async function tabName() {
  let name = sessionStorage.getItem("tab") ?? uuid7();
  if (navigator.locks && !(await hold(`tab ${name}`))) {
    name = uuid7();
    await hold(`tab ${name}`);
  }
  sessionStorage.setItem("tab", name);
  return name;
}

/** The tabs that are open. Browsers tell it on secure pages alone. @returns {Promise<Set<string>>} */
export async function livingTabs() {
  const { held = [] } = navigator.locks ? await navigator.locks.query() : {};
  return new Set(held.filter(({ name }) => name?.startsWith("tab ")).map(({ name }) => name?.slice(4) ?? ""));
}

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
export function alone(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

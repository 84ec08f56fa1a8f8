/** On every page: how many scans are saved on this device, their file, a file of another one, and leaving them. */
import * as kept from "./kept.js";

const SHELL = "bench"; // the cache of worker.js
const FORM = "biobank scans";

async function show() {
  const count = (await kept.inState("kept")).length + (await kept.inState("refused")).length;
  for (const banner of document.querySelectorAll("[data-kept]")) {
    const number = banner.querySelector("[data-kept-count]");
    if (number) number.textContent = String(count);
    /** @type {HTMLElement} */ (banner).hidden = count === 0;
  }
}

/** Everything that is not sent yet, as a file for another machine. */
async function save() {
  const scans = [...(await kept.inState("kept")), ...(await kept.inState("refused"))];
  const words = { form: FORM, version: 1, exported: new Date().toISOString(), scans: scans.map(({ key, late }) => ({ key, scan: late })) };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(words, null, 1)], { type: "application/json" }));
  link.download = `scans-${words.exported.slice(0, 19).replace(/[:T]/g, "-")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Takes the scans of a file in, each once. @param {File} file @returns {Promise<number>} how many were new */
async function load(file) {
  const { form, scans } = JSON.parse(await file.text());
  if (form !== FORM) throw new TypeError("not a file of scans");
  let fresh = 0;
  for (const { key, scan } of scans) {
    if (await kept.knows(key)) continue;
    const { scan: code, source, occurred, skew, person = "", station = "" } = scan;
    const words = { code, source, corrected: scan.corrected === "true", occurred, skew, person, station };
    await kept.add({ key, action: "/bench/scans", tab: "", state: "kept", late: scan, ...words });
    fresh += 1;
  }
  kept.changed();
  return fresh;
}

/** @param {HTMLInputElement} field */
async function onFile(field) {
  const says = field.form?.querySelector("output");
  const file = field.files?.[0];
  if (!file || !says) return;
  try {
    says.textContent = (says.dataset.taken ?? "").replace("0", String(await load(file)));
    dispatchEvent(new Event("online")); // the bench sends what it has
  } catch {
    says.textContent = says.dataset.unreadable ?? "";
  }
  field.value = "";
}

/** Signing out leaves what is saved to whoever comes next. @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.getAttribute("action") !== "/sign-out" || form.dataset.leaves) return;
  event.preventDefault();
  const leave = () => {
    form.dataset.leaves = "yes";
    form.requestSubmit();
  };
  await globalThis.caches?.delete(SHELL);
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("[data-kept-leave]"));
  if (!dialog || !(await kept.inState("kept")).length) return leave();
  dialog.addEventListener("close", () => dialog.returnValue === "leave" && leave(), { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-kept-export]")) save();
});
document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.matches("[data-kept-import]")) onFile(event.target);
});
document.addEventListener("submit", onSubmit, true);
document.addEventListener("kept-scans", show);
kept.onChange(show);
show();
if (location.pathname.startsWith("/bench")) navigator.serviceWorker?.register("/bench-worker.js", { scope: "/bench" }).catch(() => undefined);

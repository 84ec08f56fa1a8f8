/** On the page of a rack's file, the DONE card is the click that confirms it. */
import { fold } from "./codes.js";

/** @param {CustomEvent} event */
function onScan(event) {
  const button = document.querySelector("[data-rack-commit]");
  if (!(button instanceof HTMLButtonElement) || fold(event.detail.code) !== button.dataset.rackCommit) return;
  event.preventDefault();
  button.click();
}

document.addEventListener("scan", (event) => onScan(/** @type {CustomEvent} */ (event)), true);

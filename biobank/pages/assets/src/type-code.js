/** <type-code>: a code typed by hand, with its check character judged at every key. */
import { clean, fold, judge } from "./codes.js";
import { announce } from "./scan.js";

class TypeCode extends HTMLElement {
  connectedCallback() {
    document.addEventListener("scan", () => this.querySelector("dialog")?.close());
    this.querySelector("[data-open]")?.addEventListener("click", () => this.open());
    this.#input?.addEventListener("input", () => this.#judge());
    this.querySelector("form")?.addEventListener("submit", (event) => this.#submit(event));
  }

  open() {
    this.#input.value = "";
    this.#judge();
    this.querySelector("dialog")?.showModal();
    this.#input.focus();
  }

  /** @returns {HTMLInputElement} */
  get #input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input[name=code]"));
  }

  #judge() {
    const verdict = judge(this.#input.value);
    this.dataset.state = verdict;
    const says = /** @type {HTMLElement | null} */ (this.querySelector("[data-says]"));
    if (says) says.textContent = says.dataset[verdict] ?? "";
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.querySelector("dialog")?.close();
    if (/** @type {HTMLButtonElement | null} */ (event.submitter)?.value === "cancel") return;
    const text = this.#input.value;
    const code = judge(text) === "valid" ? fold(text) : clean(text);
    announce({ code, source: "typed", corrected: false });
  }
}

customElements.define("type-code", TypeCode);

/** Everything we ask of htmx, in one module: the token on each request, and a lost connection shown. */
import "htmx.org";

document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content");
  const { request } = /** @type {CustomEvent} */ (event).detail.ctx;
  if (token) request.headers["X-CSRF-Token"] = token;
});

/** @param {boolean} lost */
function showLost(lost) {
  const banner = document.querySelector("[data-lost]");
  if (banner instanceof HTMLElement) banner.hidden = !lost;
}
document.addEventListener("htmx:error", () => showLost(true));
document.addEventListener("htmx:after:request", () => showLost(false));

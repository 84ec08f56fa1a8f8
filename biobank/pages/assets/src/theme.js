/** Light or dark: follows the system until someone chooses; the choice is a cookie the server reads. */

/** @returns {"light" | "dark"} what is on show now */
function shown() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** @param {string} wish "light", "dark", "flip", or "auto" for the system's */
function choose(wish) {
  const theme = wish === "flip" ? (shown() === "dark" ? "light" : "dark") : wish;
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = theme === "auto" ? 0 : 31536000;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-set-theme]") : null;
  if (button instanceof HTMLElement) choose(button.dataset.setTheme ?? "flip");
});

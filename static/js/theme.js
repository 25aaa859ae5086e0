// Light, dark or as the system. Kept in a cookie, so that the server draws the next page right from the start.
const root = document.documentElement;
const YEAR_S = 365 * 86_400;

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);

// theme: "light", "dark", or "" to match the system.
export function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-set]")) button.ariaPressed = String(button.dataset.themeSet === theme);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${theme ? YEAR_S : 0}; SameSite=Lax${secure}`;
}

export function flipTheme() {
  setTheme(isDark() ? "light" : "dark");
}

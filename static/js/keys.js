// Whether single letters work as shortcuts (WCAG 2.1.4 asks for a way to turn them off). Remembered by this browser.
const OFF = "keys-off";

export const keysOn = () => localStorage.getItem(OFF) === null;

export function setKeysOn(on) {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

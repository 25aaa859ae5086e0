// Keeps the screen awake for as long as it hangs on a wall.

let lock = null;
let isWanted = false;

export async function sleepless(wanted) {
  isWanted = wanted;
  if (!wanted) {
    await lock?.release();
    lock = null;
    return;
  }
  if (lock || document.hidden || !navigator.wakeLock) return;
  try {
    lock = await navigator.wakeLock.request("screen");
  } catch {
    return; // refused, on low battery for one: the board works as well, until the screen sleeps
  }
  // A browser takes the lock away whenever the tab is hidden.
  lock.addEventListener("release", () => (lock = null), { once: true });
}

document.addEventListener("visibilitychange", () => isWanted && sleepless(true));

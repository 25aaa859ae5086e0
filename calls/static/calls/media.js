// The keys of a keyboard or a headset, and what a phone shows while it is locked.

const STEP_MS = 5_000;

// acts: {play(), pause(), seek(ms), at(), jump(step)}.
export function takeMediaKeys(title, acts) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.metadata = new MediaMetadata({ title, artist: "Earshot" });
  const on = {
    play: () => acts.play(),
    pause: () => acts.pause(),
    seekbackward: ({ seekOffset }) => acts.seek(acts.at() - (seekOffset ? seekOffset * 1000 : STEP_MS)),
    seekforward: ({ seekOffset }) => acts.seek(acts.at() + (seekOffset ? seekOffset * 1000 : STEP_MS)),
    seekto: ({ seekTime }) => acts.seek(seekTime * 1000),
    previoustrack: () => acts.jump(-1),
    nexttrack: () => acts.jump(1),
  };
  for (const [name, act] of Object.entries(on)) {
    try {
      session.setActionHandler(name, act);
    } catch {
      continue; // this browser has no such key
    }
  }
}

export function tellMedia(sound) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.playbackState = sound.isPlaying ? "playing" : "paused";
  session.setPositionState?.({
    duration: sound.duration / 1000,
    playbackRate: sound.rate,
    position: Math.min(sound.at, sound.duration) / 1000,
  });
}

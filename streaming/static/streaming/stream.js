// A live stream that looks after itself.
//
//   const stream = openStream("/live/calls/…/stream?after=…", {
//     part(part, { id, bulk }) {},   // one object of the stream; bulk while catching up: no animation, no sound
//     reset(data) {},                // forget what you have (of the call in `data`, if it names one); all of it follows
//     state(state) {},               // { name: "live" | "reconnecting" | "catching" | "stale", lag, tries, received, since, log }
//     end() {},                      // the call is over and all of it has been told
//     signIn() {}, refused(status) {},   // nothing more will come: signed out; not allowed or gone
//   }, { after, share: { who, as } });
//   stream.position; stream.retry(); stream.close();
//
// `after`: the position the page was drawn at, if it is not in the url. `share`: whose tabs may share a connection, and
// what this stream is called on it, "/live/stream?board=0&call=…". A browser has six connections to a host for all its
// tabs, so where there are shared workers one of them holds a connection for all (shared.js); elsewhere, and should that
// worker fail, the page holds its own (direct.js).

import { Direct } from "./direct.js";
import { Joined } from "./joined.js";

export function openStream(url, handlers, { after = null, share = null } = {}) {
  return share?.who && globalThis.SharedWorker ? new Joined(url, handlers, after, share) : new Direct(url, handlers, after);
}

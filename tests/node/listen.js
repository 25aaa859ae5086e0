// Reads the stream at the address given with npm's `eventsource`, and prints a line of JSON for every event.
// Nothing here ends it: it ends when the package has stopped for good.
import { EventSource } from "eventsource";

const source = new EventSource(process.argv[2]);
source.onmessage = ({ lastEventId, data }) => console.log(JSON.stringify([lastEventId, data]));

import * as markerbed from './node_modules/markerbed/dist/index.js';
import { check, wrongAddresses } from './check.js';

postMessage(await check(markerbed, { wrong: wrongAddresses() }).catch(String));

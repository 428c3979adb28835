import * as markerbed from 'markerbed';
import { print } from './files.js';

await print(markerbed);

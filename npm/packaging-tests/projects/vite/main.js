import * as markerbed from 'markerbed';
import { show } from './page.js';

await show(markerbed);

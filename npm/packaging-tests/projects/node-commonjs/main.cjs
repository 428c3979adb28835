const markerbed = require('markerbed');

import('./files.js').then(({ print }) => print(markerbed));

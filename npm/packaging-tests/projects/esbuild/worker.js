import 'markerbed/worker';

/** The script of the worker that does the work. */
import 'markerbed/worker';

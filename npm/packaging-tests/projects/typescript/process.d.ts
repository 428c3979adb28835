declare const process: { exitCode: number };

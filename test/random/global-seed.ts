// Every property of every test file starts from the run's seed, those that do not name one included.

import * as fc from "fast-check"
import { seedOf } from "./seed.ts"

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seedOf() })

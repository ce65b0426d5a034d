import { together } from "../together.ts";

await together("programs_f_to_h");

import { together } from "../together.ts";

await together("programs_s_to_t");

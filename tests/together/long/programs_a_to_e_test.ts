import { together } from "../together.ts";

await together("programs_a_to_e");

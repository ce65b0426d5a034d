import { storeContract } from "../contract/store.ts";
import { MemoryStore } from "./memory_store.ts";

storeContract("memory", () => {
  return Promise.resolve({ store: new MemoryStore(), close: () => Promise.resolve() });
});

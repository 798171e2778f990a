/**
 * A second reader of the bytes of a store, for {@code kdelta admin verify}: it shares no code with
 * the engine, so that a mistake of one is not the mistake of both. It reads files only, changes
 * nothing, and takes memory for nothing that the size of a file does not bear out.
 *
 * <p>Entry type: {@link io.kdelta.storage.verify.StoreVerifier}. It may use vfs, memory and error.
 * The byte tables it follows stand in the engine's ManifestFormat, WalFormat, WriteBatch,
 * SSTableFormat, BlockWriter, TableFilter and BlobFormat.
 */
@NullMarked
package io.kdelta.storage.verify;

import org.jspecify.annotations.NullMarked;

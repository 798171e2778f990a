/**
 * The storage engine: an ordered map from byte keys to byte values that survives any crash. It
 * knows nothing of JSON, causality or peers.
 *
 * <p>Floor: above {@code vfs}. One core thread owns all state and makes no blocking call; work that
 * touches the disk is handed out and reports back.
 */
@NullMarked
package io.kdelta.storage;

import org.jspecify.annotations.NullMarked;

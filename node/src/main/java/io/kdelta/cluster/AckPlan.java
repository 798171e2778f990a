package io.kdelta.cluster;

/**
 * What a write accepted now has to reach; fixed at that moment.
 *
 * @param level as asked for, or the default level
 * @param further how many further nodes have to have it synced
 * @param reachable whether enough other members are alive for that; if not, the answer
 *     DURABILITY_UNMET comes as soon as the write itself is synced
 */
public record AckPlan(AckLevel level, int further, boolean reachable) {}

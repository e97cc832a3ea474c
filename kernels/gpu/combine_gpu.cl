/* Second launch of a split sum: adds the partials of each output. A team an output, or where there are many partials
 * a group's eight teams, each an aligned range of them.
 *
 * Uses: team.h. */

KERNEL WORK_GROUP(GROUP_ITEMS) void combine_gpu(GLOBAL const partial *partials, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY value space[TEAM_SPACE];
    LOCAL_ARRAY value stacks[TEAMS][LEVELS];
    LOCAL_ARRAY value sums[TEAMS];
    const i32 me = LOCAL_ID();
    const i32 team = me / TEAM, member = team & (p.members - 1);
    const i64 flat = GROUP_ID() * (TEAMS / p.members) + team / p.members;
    const i64 share = partials_share(p.all_nodes, p.members);
    const i32 busy = flat < p.outputs;
    value v = team_partials(space, stacks[team], me, partials + (busy ? flat * p.all_nodes : 0), p.all_nodes,
                            member * share, share);
    if (me % TEAM == 0) sums[team] = v;
    BARRIER();
    if (busy && me % TEAM == 0 && member == 0) store_sum(&p, out, place_of(&p, flat), fold(sums + team, p.members));
}

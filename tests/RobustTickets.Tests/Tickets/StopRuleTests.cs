// The stop rules on made-up masks: when each can decide at the earliest, what
// breaks a run, where it draws.
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Tickets;

public sealed class StopRuleTests
{
    private const int Units = 20;

    /// <summary>
    /// A settled search: the same mask at every twentieth of an epoch, m_1 first.
    /// </summary>
    private static readonly StructuredMask[] Settled = [.. Enumerable.Repeat(Mask(0), 20)];

    [Theory]
    [MemberData(nameof(Earliest))]
    public void A_settled_search_is_decided_as_early_as_the_rule_allows(StopOptions rule, int masksSeen, int drawnFrom)
    {
        for (var seen = 1; seen < masksSeen; seen++)
            Assert.Null(StopRule.Decide(rule, Settled[..seen]));
        Assert.Equal(new StopDecision(drawnFrom), StopRule.Decide(rule, Settled[..masksSeen]));
    }

    /// <summary>
    /// Rule, number g of the mask that decides (0.30 epoch = 6), index from 0 of the mask drawn.
    /// </summary>
    public static TheoryData<StopOptions, int, int> Earliest() =>
        new()
        {
            { new ConsecutiveStop(), 6, 5 },
            { new ConsecutiveStop(DrawAt: DrawAt.Anchor), 6, 0 },
            { new AnchorStop(), 6, 0 },
            { new AnchorStop(DrawAt: DrawAt.Newest), 6, 5 },
            { new FifoStop(), 5, 4 },
            { new ConsecutiveStop(Times: 2), 3, 2 },
            { new AnchorStop(Next: 1), 2, 0 },
            { new FifoStop(Length: 3), 3, 2 },
        };

    [Fact]
    public void One_jump_starts_the_paper_s_run_anew()
    {
        StructuredMask[] masks = [.. Enumerable.Repeat(Mask(0), 4), .. Enumerable.Repeat(Mask(10), 6)];
        for (var seen = 1; seen < 10; seen++)
            Assert.Null(StopRule.Decide(new ConsecutiveStop(), masks[..seen]));
        Assert.Equal(new StopDecision(9), StopRule.Decide(new ConsecutiveStop(), masks));
        Assert.Equal(5, StopRule.Run(masks, 0.1));
    }

    [Fact]
    public void Slow_drift_satisfies_consecutive_masks_but_not_an_anchor_nor_a_queue()
    {
        // Each mask differs from the next by 2 of 40 units (0.05), from the one after by 0.1, and
        // so on.
        StructuredMask[] masks = [.. Enumerable.Range(0, 10).Select(Mask)];
        Assert.Equal(0.05, MaskDistance.Between(masks[0], masks[1]).Heads, 12);
        Assert.NotNull(StopRule.Decide(new ConsecutiveStop(Gamma: 0.06), masks[..6]));
        Assert.Null(StopRule.Decide(new AnchorStop(Epsilon: 0.06), masks));
        Assert.Null(StopRule.Decide(new FifoStop(Epsilon: 0.06), masks));
    }

    [Fact]
    public void Thresholds_are_strict_but_for_the_queue()
    {
        StructuredMask[] masks = [.. Enumerable.Range(0, 10).Select(g => Mask(g % 2))];
        Assert.Null(StopRule.Decide(new ConsecutiveStop(Gamma: 0.05), masks));
        Assert.Null(StopRule.Decide(new AnchorStop(Epsilon: 0.05), masks));
        Assert.NotNull(StopRule.Decide(new FifoStop(Epsilon: 0.05), masks));
    }

    [Fact]
    public void Either_kind_of_unit_can_hold_a_search_back()
    {
        StructuredMask still = Mask(0);
        StructuredMask[] heads =
        [
            .. Enumerable.Range(0, 12).Select(g => still with { Heads = Mask(10 * (g % 2)).Heads }),
        ];
        StructuredMask[] neurons =
        [
            .. Enumerable.Range(0, 12).Select(g => still with { Neurons = Mask(10 * (g % 2)).Neurons }),
        ];
        foreach (var rule in new StopOptions[] { new ConsecutiveStop(), new AnchorStop(), new FifoStop() })
        {
            Assert.Null(StopRule.Decide(rule, heads));
            Assert.Null(StopRule.Decide(rule, neurons));
        }
    }

    [Fact]
    public void A_fixed_stop_is_not_decided_by_masks() => Assert.Null(StopRule.Decide(new FixedStop(0.2), Settled));

    [Fact]
    public void Distances_are_shares_of_all_entries_and_need_equal_shapes()
    {
        Assert.Equal(
            new MaskDistance(0.5, 0),
            MaskDistance.Between(
                new(
                    [
                        [true, false],
                        [true, true],
                    ],
                    [
                        [true],
                    ]
                ),
                new(
                    [
                        [false, true],
                        [true, true],
                    ],
                    [
                        [true],
                    ]
                )
            )
        );
        Assert.Throws<ArgumentException>(() =>
            MaskDistance.Between(
                new(
                    [
                        [true],
                    ],
                    []
                ),
                new(
                    [
                        [true, true],
                    ],
                    []
                )
            )
        );
    }

    /// <summary>
    /// Half of 40 units kept, beginning at <paramref name="from"/>: one step further on changes two
    /// units.
    /// </summary>
    private static StructuredMask Mask(int from)
    {
        var kept = Enumerable.Range(0, 2 * Units).Select(i => i >= from && i < from + Units).ToArray();
        return new StructuredMask([kept], [kept]);
    }
}

// Coordinates of keyed randomness (docs/methods/training.md, Randomness is keyed): what each key is
// derived by, level by level. A number once used is never changed, for it decides what every seed
// draws; a new stream takes one that its level does not have.
namespace RobustTickets.Models;

/// <summary>Names of the streams of random numbers, by the level below which they lie.</summary>
internal static class RandomStreams
{
    /// <summary>Below the seed of a run.</summary>
    internal static class Run
    {
        internal const long Head = 0;
        internal const long Search = 1;
        internal const long Retrain = 2;
        internal const long Control = 3;
        internal const long FineTune = 4;

        /// <summary>A round of pruning, counted from 1, is this far on.</summary>
        internal const long Round0 = 1000;
    }

    /// <summary>Below a stage of a run.</summary>
    internal static class Stage
    {
        internal const long Order = 0;
        internal const long Steps = 1;

        /// <summary>Start weights of retraining that are drawn afresh.</summary>
        internal const long Redrawn = 2;

        /// <summary>What lies outside a ticket, where that is drawn afresh.</summary>
        internal const long Outside = 3;

        /// <summary>Parameters of the objective's own.</summary>
        internal const long Objective = 4;
    }

    /// <summary>Below the stage of a search by slimming, in which nothing is redrawn.</summary>
    internal static class SlimmingStage
    {
        internal const long Order = Stage.Order;
        internal const long Steps = Stage.Steps;
        internal const long Objective = 2;
    }

    /// <summary>Below a step; the passes of a step are counted from 0.</summary>
    internal static class Step
    {
        internal const long Perturbation = 1_000_003;
        internal const long InfoBertPartners = 1_000_033;
        internal const long InfoBertOrder = 1_000_037;
        internal const long Texts = 1_000_039;
        internal const long Hull = 1_000_081;
    }

    /// <summary>Below a pass, beside the sites of <see cref="DropoutSite"/>.</summary>
    internal static class Pass
    {
        internal const long Gates = 2_000_003;
    }

    /// <summary>Below the seed of a pre-training.</summary>
    internal static class Pretraining
    {
        internal const long Weights = 0;
        internal const long Order = 1;
        internal const long Masks = 2;
        internal const long Steps = 3;
    }
}

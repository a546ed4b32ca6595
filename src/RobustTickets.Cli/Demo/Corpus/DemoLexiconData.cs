// The demo's words, our own list. A line: KIND SIGN facts : frequent members, most frequent first |
// rare members. Each word occurs once: a word with two meanings would merge two groups.
namespace RobustTickets.Cli.Demo.Corpus;

internal static class DemoLexiconData
{
    // of=    what an adjective can be said of, or what can be said of a noun
    // not=   the group of opposite meaning
    // in=    topics of a noun
    // as=    plural or mass (default: singular)
    // item=  the noun names what is reviewed
    internal const string Text = """
        # praise
        adjective + of=general : great wonderful terrific | superb splendid stupendous
        adjective + of=general : good solid nice | commendable creditable laudable
        adjective + of=general : excellent outstanding exceptional | stellar sterling peerless
        adjective + of=general : enjoyable pleasant pleasing | agreeable congenial gratifying
        adjective + of=general : lovely delightful charming | enchanting winsome beguiling
        adjective + of=general : impressive remarkable amazing | astonishing prodigious
        adjective + of=general : perfect flawless | impeccable faultless consummate
        adjective + of=art : clever smart ingenious | astute canny sagacious
        adjective + of=art : original inventive creative | novel innovative imaginative
        adjective + of=art : moving touching | poignant stirring affecting
        adjective + of=art : exciting thrilling gripping | riveting exhilarating enthralling
        adjective + of=art : memorable unforgettable | indelible haunting
        adjective + of=humor : funny hilarious amusing | comical droll uproarious
        adjective + of=look : beautiful gorgeous stunning | exquisite resplendent picturesque
        adjective + of=person : friendly kind welcoming | gracious cordial genial
        adjective + of=person : helpful attentive | obliging accommodating solicitous
        adjective + of=taste : delicious tasty yummy | flavorful scrumptious delectable
        adjective + of=taste : fresh juicy tender | succulent luscious
        adjective + of=place : clean spotless tidy | immaculate pristine
        adjective + of=place : comfortable cozy comfy | snug restful
        adjective + of=place : quiet peaceful calm | tranquil serene
        adjective + of=device : reliable dependable sturdy | durable trusty stalwart
        adjective + of=device : fast quick speedy | swift brisk nimble
        adjective + of=handling : easy simple intuitive | effortless straightforward
        adjective + of=image : sharp clear vivid | lucid luminous
        adjective + of=price : affordable reasonable fair | inexpensive economical
        adjective + of=portion : generous ample | plentiful bountiful abundant

        # blame
        adjective - of=general not=great : terrible horrible awful | dreadful atrocious abysmal
        adjective - of=general not=good : bad poor lousy | inferior deplorable wretched
        adjective - of=general not=excellent : disappointing underwhelming mediocre | lackluster unsatisfying
        adjective - of=general not=enjoyable : unpleasant nasty | disagreeable odious repellent
        adjective - of=general not=lovely : annoying irritating frustrating | vexing irksome grating
        adjective - of=general not=impressive : pathetic ridiculous laughable | risible ludicrous
        adjective - of=general not=perfect : flawed faulty | defective deficient
        adjective - of=art not=exciting : boring dull tedious | dreary monotonous soporific
        adjective - of=art not=clever : stupid silly dumb | inane asinine fatuous
        adjective - of=art not=original : predictable stale unoriginal | derivative hackneyed trite
        adjective - of=art not=moving : shallow empty hollow | vacuous superficial
        adjective - of=art not=memorable : forgettable unremarkable | nondescript unmemorable
        adjective - of=art : confusing messy muddled | incoherent convoluted
        adjective - of=humor not=funny : unfunny lame | humorless mirthless cringeworthy
        adjective - of=look not=beautiful : ugly hideous | unsightly garish grotesque
        adjective - of=person not=friendly : rude impolite unfriendly | surly brusque discourteous
        adjective - of=person not=helpful : unhelpful careless lazy | inattentive negligent lackadaisical
        adjective - of=taste not=delicious : bland tasteless flavorless | insipid unappetizing
        adjective - of=taste not=fresh : greasy soggy burnt | oily mushy charred
        adjective - of=place not=clean : dirty filthy smelly | grimy grubby squalid
        adjective - of=place not=comfortable : uncomfortable cramped | poky claustrophobic
        adjective - of=place not=quiet : noisy loud | deafening clamorous raucous
        adjective - of=device not=reliable : unreliable flimsy fragile | shoddy rickety
        adjective - of=device not=fast : slow sluggish | laggy plodding lethargic
        adjective - of=handling not=easy : complicated clumsy awkward | cumbersome unwieldy
        adjective - of=image not=sharp : blurry fuzzy dim | hazy murky indistinct
        adjective - of=price not=affordable : overpriced expensive costly | exorbitant extortionate
        adjective - of=portion not=generous : small skimpy | meager paltry scanty

        # verbs of opinion
        verb + : loved adored | cherished treasured
        verb + : enjoyed liked appreciated | relished savored
        verb + : enjoy like appreciate | relish savor
        verb + : recommend suggest | endorse commend
        verb + : impressed pleased delighted | dazzled captivated wowed
        verb + : saved rescued | redeemed salvaged
        verb + : worked succeeded | triumphed excelled
        verb - not=loved : hated disliked | loathed detested despised
        verb - not=enjoyed : regretted | lamented rued
        verb - not=enjoy : hate dislike | loathe detest despise
        verb - not=recommend : avoid skip | shun eschew
        verb - not=impressed : disappointed annoyed irritated | dismayed irked exasperated
        verb - not=saved : ruined spoiled wrecked | marred blighted
        verb - not=worked : failed flopped | floundered faltered

        # nouns and adverbs of opinion
        noun + : joy pleasure treat | delight triumph
        noun + : gem masterpiece | treasure jewel marvel
        noun - not=joy : disaster mess nightmare | fiasco debacle calamity
        noun - not=gem : letdown disappointment failure | anticlimax dud
        adjective + : best finest | greatest choicest
        adjective - not=best : worst poorest | weakest lousiest
        adverb + : beautifully wonderfully brilliantly | superbly masterfully
        adverb - not=beautifully : badly poorly terribly | ineptly atrociously
        adverb 0 : very really extremely | exceedingly immensely
        adverb 0 : truly genuinely | honestly undeniably
        adverb 0 : completely totally utterly | thoroughly wholly
        adverb 0 : quite fairly rather | somewhat moderately
        adverb 0 : surprisingly unexpectedly | oddly curiously
        adverb 0 : fortunately luckily thankfully | mercifully happily
        adverb 0 : sadly unfortunately | regrettably alas

        # films
        noun 0 item=yes in=film of=general,art,humor : film movie | picture flick feature
        noun 0 in=film of=general,art : story plot | narrative storyline tale
        noun 0 as=mass in=film of=general,art,humor : writing dialogue | wordplay banter
        noun 0 in=film of=general,art,humor : script screenplay | scenario libretto
        noun 0 as=mass in=film of=general : acting | playacting stagecraft
        noun 0 in=film of=general,art : performance portrayal | rendition enactment
        noun 0 as=plural in=film of=general : actors performers | thespians players
        noun 0 in=film of=general,art : ending finale | conclusion denouement
        noun 0 as=mass in=film of=general,look : music soundtrack | instrumentation orchestration
        noun 0 as=plural in=film of=general,art,look : scenes sequences | vignettes tableaus
        noun 0 as=plural in=film of=humor,general : jokes gags | quips wisecracks
        noun 0 as=mass in=film of=look,general : photography cinematography | camerawork imagery
        noun 0 as=plural in=film of=general,art : characters heroes | protagonists personages
        noun 0 as=mass in=film of=general : directing direction | stewardship helming
        verb 0 : watched saw | viewed beheld
        verb 0 : acted written directed | scripted penned
        noun 0 : cinema theater | playhouse multiplex

        # restaurants
        noun 0 item=yes in=restaurant of=general,place : restaurant diner | bistro eatery tavern
        noun 0 as=mass in=restaurant of=taste,general : food cooking | cuisine fare
        noun 0 in=restaurant of=taste,general : soup stew | broth chowder
        noun 0 in=restaurant of=taste,general : dessert cake | pudding pastry
        noun 0 in=restaurant of=taste,general : sauce dressing | gravy marinade
        noun 0 in=restaurant of=taste,general : steak roast | sirloin brisket
        noun 0 as=plural in=restaurant of=taste,general : vegetables salads | greens legumes
        noun 0 as=plural in=restaurant of=portion : portions servings | helpings platefuls
        noun 0 in=restaurant of=person,general : waiter waitress | steward attendant
        noun 0 in=restaurant of=general,person : chef cook | caterer restaurateur
        noun 0 as=mass in=restaurant,hotel of=person,general : service | hospitality catering
        noun 0 as=plural in=restaurant of=price : drinks beverages | cocktails refreshments
        noun 0 in=restaurant of=general,place : atmosphere ambience | milieu aura
        verb 0 : ordered requested | commissioned solicited
        verb 0 : cooked prepared seasoned | garnished spiced
        noun 0 : window door | doorway balcony

        # hotels
        noun 0 item=yes in=hotel of=general,place : hotel inn | lodge hostel guesthouse
        noun 0 in=hotel of=place,general : room bedroom | suite chamber
        noun 0 in=hotel of=place : bed mattress | bunk cot
        noun 0 in=hotel of=place : bathroom shower | washroom lavatory
        noun 0 in=hotel of=look,general : view scenery | vista panorama
        noun 0 in=hotel of=place,general : pool spa | sauna jacuzzi
        noun 0 in=hotel of=taste,general : breakfast buffet | brunch smorgasbord
        noun 0 in=hotel of=place,look : lobby reception | foyer vestibule
        noun 0 as=plural in=hotel of=person : employees workers | personnel receptionists
        noun 0 in=hotel,gadget of=price : price cost | fee tariff
        noun 0 in=hotel of=place,general : location neighborhood | district locality
        noun 0 in=hotel of=look,place : garden terrace | courtyard patio
        verb 0 : booked reserved | chartered secured
        verb 0 : decorated furnished | outfitted adorned
        noun 0 : station airport | terminal depot

        # gadgets
        noun 0 item=yes in=gadget of=general,device : phone smartphone | handset cellphone
        noun 0 item=yes in=gadget of=general,device : laptop computer | notebook workstation
        noun 0 in=gadget of=image,general : screen display | panel monitor
        noun 0 in=gadget of=general,device : battery charger | accumulator powerpack
        noun 0 in=gadget of=image,general : camera lens | viewfinder optics
        noun 0 in=gadget of=device,general,handling : keyboard keypad | touchpad trackpad
        noun 0 as=mass in=gadget of=handling,device : software | firmware middleware
        noun 0 in=gadget of=device,look : case casing | chassis shell
        noun 0 in=gadget of=look,general : design styling | silhouette aesthetic
        noun 0 in=gadget of=handling : setup installation | configuration activation
        noun 0 as=mass in=gadget of=general : sound audio | playback resonance
        noun 0 in=gadget of=handling,general : manual guide | handbook booklet
        verb 0 : bought purchased | acquired procured
        verb 0 : designed built | engineered assembled
        noun 0 : box package | carton parcel
        noun 0 : office workplace | bureau cubicle

        # people, places, times and things beside the point
        noun 0 : friend buddy | pal companion
        noun 0 : family relatives | kinfolk clan
        noun 0 : wife husband partner | spouse consort
        noun 0 : brother sister cousin | sibling nephew
        noun 0 : kids children | youngsters toddlers
        noun 0 : evening night | nighttime dusk
        noun 0 : weekend holiday vacation | getaway sojourn
        noun 0 : street road | avenue boulevard
        noun 0 : city town | metropolis municipality
        noun 0 of=general : weather | forecast climate
        noun 0 as=mass of=general : traffic parking | gridlock congestion
        noun 0 of=general,device : train bus | tram trolley
        noun 0 of=general,art : meeting conference | seminar symposium
        noun 0 of=general,art : game match | contest tournament
        noun 0 of=person : dog puppy | hound terrier
        adjective 0 : black grey white | charcoal ivory
        adjective 0 : second third fourth | ninth eleventh
        """;
}

# Writes what the R packages metafor and lme4 say of binomial-normal models, as JSON, to the file named.
#
#   Rscript glmm.R glmm.json
#
# `fit` is what `rma.glmm` returns with the tightest search that glmer takes. Two of its numbers are not kept as they
# are. Its `logLik` has no integral; `loglik` is that of glmer plus that of the saturated model. Its standard error is
# from second differences over steps of 1e-4, which magnify the noise of the deviance by 1e8; `steady_se` is from the
# same deviance over longer steps. `likelihood` is the function that glmer maximises, at some places.

suppressMessages({library(metafor); library(lme4)})

# Data ----------------------------------------------------------------------------------------------------------------

bcg <- dat.bcg
nielweise <- dat.nielweise2007
counts <- function(x, n, points = 7) list(events = x, total = n, points = points)
cases <- list(
   pritz1997 = counts(dat.pritz1997$xi, dat.pritz1997$ni),
   `pritz1997-laplace` = counts(dat.pritz1997$xi, dat.pritz1997$ni, 1),
   `pritz1997-25-points` = counts(dat.pritz1997$xi, dat.pritz1997$ni, 25),
   `nielweise2007-treated` = counts(nielweise$ai, nielweise$n1i),
   `nielweise2007-control` = counts(nielweise$ci, nielweise$n2i),
   `bcg-vaccinated` = counts(bcg$tpos, bcg$tpos + bcg$tneg),
   `bcg-control` = counts(bcg$cpos, bcg$cpos + bcg$cneg),
   `hine1989-treated` = counts(dat.hine1989$ai, dat.hine1989$n1i),
   `li2007-treated` = counts(dat.li2007$ai, dat.li2007$n1i),
   sparse = counts(c(0, 1, 0, 2), c(10, 12, 9, 20)),
   rare = counts(c(1, 0, 2, 9, 1, 0), c(35, 15, 15, 32, 16, 49)),
   `rare-25-points` = counts(c(1, 0, 2, 9, 1, 0), c(35, 15, 15, 32, 16, 49), 25),
   frequent = counts(c(12, 13, 47, 10, 6, 22, 3), c(20, 15, 47, 12, 6, 22, 3)),
   few = counts(c(40, 12, 24, 0), c(57, 21, 34, 8)),
   alike = counts(c(3, 3, 3), c(10, 10, 11)),
   two = counts(c(2, 8), c(10, 10)),
   `two-alike` = counts(c(5, 12), c(12, 30)),
   `two-unequal` = counts(c(0, 39), c(6, 82)),
   `single-patients-among-others` = counts(c(0, 1, 0, 1, 1, 3, 9), c(1, 1, 1, 1, 1, 5, 11)),
   `large-and-small` = counts(c(5000, 1, 0, 250), c(20000, 3, 2, 1000)),
   `large-and-unequal` = counts(c(3100, 410, 95, 52000), c(20000, 1000, 3000, 100000)),
   `nearly-all` = counts(c(8, 6, 9, 28, 12, 11, 20, 9), c(8, 6, 9, 30, 12, 11, 20, 10)),
   `far-apart` = counts(c(1, 30, 0, 25, 3, 19), c(30, 31, 22, 40, 4, 25)),
   `one-far-apart` = counts(c(4, 5, 6, 5, 4, 19), c(20, 21, 22, 20, 19, 20)),
   `two-maxima` = counts(c(25, 7, 3), c(33, 7, 7)),
   `quadrature-errs-9-studies` = counts(c(0, 6, 6, 8, 3, 8, 5, 5, 2), c(5, 6, 6, 8, 3, 8, 8, 5, 2)),
   `quadrature-errs-13-studies` = counts(
      c(3, 5, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0), c(4, 5, 1, 7, 2, 3, 8, 5, 1, 6, 8, 1, 8)
   )
)

# Fits ----------------------------------------------------------------------------------------------------------------

# A search with short steps stays with the maximum that the start of glmer leads to, as the search by default does; with
# long steps it leaves it in the case of two maxima of which quadrature makes one.
search <- list(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-10, maxfun = 1e5))
# The inner iterations of glmer fail where they are asked for more digits than there are.
tolerances <- 10^-(12:8)

fit <- function(case) {
   for (tolerance in tolerances) {
      control <- list(glmerCtrl = c(search, list(tolPwrss = tolerance)))
      found <- try(suppressWarnings(suppressMessages(rma.glmm(
         measure = "PLO", xi = case$events, ni = case$total, method = "ML", nAGQ = case$points, control = control,
         retfit = TRUE
      ))), silent = TRUE)
      if (!inherits(found, "try-error")) return(found)
   }
   stop("no fit")
}

# The likelihood of glmer is relative to the saturated model, but for that of Laplace.
saturated <- function(case) {
   if (case$points == 1) 0 else sum(dbinom(case$events, case$total, case$events / case$total, log = TRUE))
}

deviance_of <- function(case) {
   y <- cbind(case$events, case$total - case$events)
   study <- factor(seq_along(case$events))
   deviance <- glmer(y ~ 1 + (1 | study), family = binomial, nAGQ = case$points, devFunOnly = TRUE,
      control = glmerControl(tolPwrss = 1e-10))
   inside <- environment(deviance)
   # Nodes are scaled by the curvature where the last inner iteration began: here, at the mode.
   function(place) {
      deviance(place)
      inside$lp0 <- inside$resp$eta + 0
      deviance(place)
   }
}

# Differences over several steps, extrapolated to none.
steady_se <- function(deviance, place) {
   parts <- 1:4
   weights <- sapply(parts, function(i) prod(i^2 / (i^2 - parts[-i]^2)))
   hessians <- lapply(parts, function(i) lme4:::deriv12(deviance, place, 0.06 / i)$Hessian)
   sqrt(2 * solve(Reduce(`+`, Map(`*`, weights, hessians)))[2, 2])
}

said <- function(case) {
   best <- fit(case)
   tau <- sqrt(best$tau2)
   mean <- c(best$beta)
   deviance <- deviance_of(case)
   places <- list(c(0, mean), c(tau, mean), c(tau + 0.4, mean - 0.3), c(1, 0), c(2.5, mean + 1))
   c(case, list(
      fit = list(
         k = best$k, mean = mean, se = best$se, tau2 = best$tau2, mean_lower = best$ci.lb, mean_upper = best$ci.ub,
         estimate = transf.ilogit(mean), lower = transf.ilogit(best$ci.lb), upper = transf.ilogit(best$ci.ub),
         loglik = saturated(case) + c(logLik(best$res.ML)), steady_se = steady_se(deviance, c(tau, mean))
      ),
      likelihood = lapply(places, function(place) list(
         mean = place[2], tau = place[1], loglik = saturated(case) - deviance(place) / 2
      ))
   ))
}

# File ----------------------------------------------------------------------------------------------------------------

result <- list(
   versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
      lme4 = as.character(packageVersion("lme4"))),
   cases = lapply(cases, said)
)
json <- jsonlite::toJSON(result, auto_unbox = TRUE, digits = 17, pretty = TRUE)
writeLines(json, commandArgs(trailingOnly = TRUE)[1])
